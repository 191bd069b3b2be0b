"""The HTTP and WebSocket interface.

Begin with `app.create_app` and the route table in `routes`.
"""
