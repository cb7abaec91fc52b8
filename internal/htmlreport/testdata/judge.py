"""Reads pages as Python's html.parser does, and says what is in them.

From stdin: a JSON object of pages, by name. To stdout: a JSON object of what each is.
"""
import html.parser
import json
import sys

VOID = ("meta", "br")


class Page(html.parser.HTMLParser):
    """The elements with their attributes, the words that aren't from the log, those that are, and the tables."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.frame, self.values, self.tables, self.facts = [], [], [], {}
        self.open, self.cell, self.fact = [], None, None

    def handle_starttag(self, tag, attrs):
        if tag == "wbr" and "bdi" in self.open:  # where a value's lines break
            return
        self.frame.append("<" + tag + "".join(f" {name}={value!r}" for name, value in attrs) + ">")
        if tag not in VOID:
            self.open.append(tag)
        if tag == "bdi":
            self.values.append("")
        if tag == "table":
            self.tables.append({"caption": "", "rows": []})
        if tag == "tr":
            self.tables[-1]["rows"].append([])
        if tag in ("th", "td", "caption", "dt", "dd", "h1", "h2", "h3"):
            self.cell = ""

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        self.frame.append("</" + tag + ">")
        if not self.open or self.open.pop() != tag:
            self.frame.append("an end that has no beginning")
        if tag in ("th", "td"):
            self.tables[-1]["rows"][-1].append(" ".join(self.cell.split()))
        if tag == "caption":
            self.tables[-1]["caption"] = " ".join(self.cell.split())
        if tag == "dt":
            self.fact = self.cell
        if tag == "dd":
            self.facts.setdefault(self.fact, " ".join(self.cell.split()))

    def handle_comment(self, data):
        self.frame.append("a comment")

    def handle_pi(self, data):
        self.frame.append("an instruction")

    def unknown_decl(self, data):
        self.frame.append("a declaration")

    def handle_data(self, data):
        if self.cell is not None:
            self.cell += data
        if "bdi" in self.open:
            self.values[-1] += data
        elif self.open[-1:] not in (["style"], ["script"]):
            self.frame.append(" ".join(data.split()))


def judge(text):
    page = Page()
    page.feed(text)
    page.close()
    return {"frame": [f for f in page.frame if f], "unclosed": page.open, "values": page.values, "tables": page.tables, "facts": page.facts}


json.dump({name: judge(text) for name, text in json.load(sys.stdin).items()}, sys.stdout)
