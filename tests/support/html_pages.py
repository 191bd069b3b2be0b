"""A check that a page is well formed and loads nothing."""

from html.parser import HTMLParser

VOID = {"meta", "br", "wbr", "img", "input"}
LOADING = {"src", "href", "xlink:href", "srcset", "poster", "data"}


class PageText(HTMLParser):
    """Fails on tags that are not closed; has the text, the tags, and what the page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.tags: list[str] = []
        self.loads: list[str | None] = []
        self.feed(text)
        self.close()
        assert self.open == []
        assert "url(" not in text
        assert "@import" not in text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in LOADING or name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in LOADING or name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
