"""What is wrong with a web edition, as a reader would find it by opening every page and every link."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

PAGE, SITE = 1_000_000, 40_000_000  # bytes of a chapter, of all pages, figures and assets


def faults(folder: Path) -> list[str]:
    """Links that lead nowhere, ids that stand twice, requests, a page or a site that is too large: one sentence each."""
    folder = Path(folder).resolve()
    pages = {
        path: html.parse(str(path), html.HTMLParser(encoding="utf-8")) for path in folder.rglob("*.html")
    }
    ids = {path: page.xpath("//@id") for path, page in pages.items()}
    found = [
        f"{path.relative_to(folder)}: id '{one}' stands twice"
        for path, names in ids.items()
        for one in {one for one in names if names.count(one) > 1}
    ]
    for path, page in pages.items():
        said = path.relative_to(folder)
        for link in page.xpath("//@href | //@src"):
            parts = urlsplit(link)
            if parts.scheme in ("data", "mailto"):
                continue
            if parts.scheme:
                if link.is_attribute and link.attrname == "href" and link.getparent().tag == "a":
                    continue
                found.append(f"{said}: asks for {link[:80]}")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{said}: {link} leads nowhere")
            elif parts.fragment and target in ids and unquote(parts.fragment) not in ids[target]:
                found.append(f"{said}: {link}: the page has no such id")
        if len(page.xpath("//h1")) != 1:
            found.append(f"{said}: it has {len(page.xpath('//h1'))} headings of the first level")
    for path in folder.glob("chapters/*.html"):
        if path.stat().st_size > PAGE:
            found.append(f"{path.name}: {path.stat().st_size:,} bytes")
    whole = sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.suffix in (".html", ".css", ".js", ".svg", ".png")
    )
    found += [f"the site has {whole:,} bytes"] * (whole > SITE)
    for path in folder.glob("assets/*.css"):
        fetched = re.findall(r"url\((?!['\"]?data:)[^)]*\)|@import", path.read_text(encoding="utf-8"))
        found += [f"{path.name}: asks for {one[:80]}" for one in fetched]
    return found
