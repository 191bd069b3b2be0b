"""The HTML report and the SVG chart."""
