"""Reads mails as Python's email and html packages do, and says what is in them.

From stdin: a JSON object of mails in base64, by name. To stdout: a JSON object of what each is.
"""
import base64
import email
import email.policy
import html.parser
import json
import sys


class Page(html.parser.HTMLParser):
    """The elements of a page with all their attributes, its words, and those that aren't from the log."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.elements, self.words, self.ours, self.commands = [], [], [], []
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.elements.append("<" + tag + "".join(f" {name}={value!r}" for name, value in attrs) + ">")
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        elif tag == "br":
            self.handle_data("\n")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        self.elements.append("</" + tag + ">")
        if not self.open or self.open.pop() != tag:
            self.elements.append("an end that has no beginning")

    def handle_comment(self, data):
        self.elements.append("a comment")

    def handle_pi(self, data):
        self.elements.append("an instruction")

    def unknown_decl(self, data):
        self.elements.append("a declaration")

    def handle_data(self, data):
        if "head" in self.open:
            return
        self.words.append(data)
        if "code" in self.open:
            self.commands.append(data)
        elif "bdi" not in self.open:
            self.ours.append(data)


def judge(data):
    mail = email.message_from_bytes(data, policy=email.policy.default)
    said = {"defects": [], "headers": [], "parts": [], "text": "", "page": None, "pictures": []}
    for name, value in mail.items():
        said["headers"].append([name, str(value)])
    for part in mail.walk():
        said["parts"].append([part.get_content_type(), part.get_content_disposition() or "", part.get_content_charset() or ""])
        if not part.is_multipart():
            content = part.get_content()
            if part.get_content_type() == "text/plain":
                said["text"] += content
            elif part.get_content_type() == "text/html":
                page = Page()
                page.feed(content)
                page.close()
                said["page"] = {
                    "elements": page.elements,
                    "unclosed": page.open,
                    "words": "".join(page.words).split(),
                    "ours": " ".join("".join(page.ours).split()),
                    "commands": page.commands,
                }
            else:
                said["pictures"].append([part["Content-Id"], base64.b64encode(content).decode()])
        said["defects"] += [repr(d) for d in part.defects]
        for name, value in part.items():
            said["defects"] += [f"{name}: {d!r}" for d in getattr(value, "defects", ())]
    return said


mails = json.load(sys.stdin)
json.dump({name: judge(base64.b64decode(data)) for name, data in mails.items()}, sys.stdout)
