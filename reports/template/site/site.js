"use strict";
(() => {
  const html = document.documentElement, one = (where, what) => where.querySelector(what), all = (where, what) => [...where.querySelectorAll(what)];
  const make = (tag, set = {}, ...inside) => { const made = Object.assign(document.createElement(tag), set); made.append(...inside); return made; };
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  html.classList.add("js");

  // Contents on a phone
  const menu = one(document, "button.menu"), contents = one(document, "nav.contents"), bar = one(document, "header.bar");
  const open = (yes, back) => {
    html.style.setProperty("--bar", `${bar.getBoundingClientRect().bottom}px`);
    contents.classList.toggle("open", yes);
    menu.setAttribute("aria-expanded", String(yes));
    document.body.style.overflow = yes ? "hidden" : "";
    if (yes) (one(contents, "[aria-current]") || one(contents, "a")).focus(); else if (back) menu.focus();
  };
  if (menu) {
    menu.addEventListener("click", () => open(!contents.classList.contains("open"), true));
    contents.addEventListener("click", (event) => { if (event.target.closest("a")) open(false); });
    contents.addEventListener("keydown", (event) => { if (event.key === "Escape") open(false, true); });
  }

  // The section being read
  const links = new Map(all(document, "nav.contents ul ul a").map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const heads = all(document, "main [id]").filter((head) => links.has(head.id));
  if (heads.length) {
    const mark = () => {
      const past = heads.filter((head) => head.getBoundingClientRect().top < innerHeight / 3), now = past[past.length - 1];
      links.forEach((link, id) => link.classList.toggle("here", Boolean(now) && id === now.id));
    };
    let waiting = false;
    addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; mark(); }); } }, {passive: true});
    mark();
  }

  // Search: the index is a script, which a page opened from a folder may load
  const seek = one(document, ".seek");
  if (seek) {
    const box = one(seek, "input"), panel = one(seek, ".results"), list = one(seek, "ul"), said = one(seek, "p"), kinds = seek.dataset.kinds.split("|");
    let entries = null, asked = false;
    seek.hidden = false;
    const marked = (text, words) => {
      const low = plain(text), hits = low.length === text.length ? words.map((word) => [low.indexOf(word), word.length]).filter(([at]) => at >= 0) : [];
      const made = document.createDocumentFragment();
      let from = 0;
      for (const [at, long] of hits.sort((a, b) => a[0] - b[0])) {
        if (at < from) continue;
        made.append(text.slice(from, at), make("mark", {textContent: text.slice(at, at + long)}));
        from = at + long;
      }
      made.append(text.slice(from));
      return made;
    };
    const snippet = (text, words) => {
      const at = Math.min(...words.map((word) => plain(text).indexOf(word)).filter((found) => found >= 0));
      if (!Number.isFinite(at)) return "";
      const from = Math.max(0, at - 30);
      return `${from ? "…" : ""}${text.slice(from, at + 70)}${text.length > at + 70 ? "…" : ""}`;
    };
    const value = (entry, words) => {
      let sum = 0;
      for (const word of words) {
        const name = entry.low, at = name.indexOf(word);
        if (at >= 0) sum += (at ? 60 : 90) + (name.length === word.length ? 40 : 0) + 20 * word.length / name.length;
        else if (` ${entry.keys}`.includes(` ${word}`)) sum += 50 + (entry.kind === 2 ? 20 : 0);
        else if (word.length > 2 && entry.keys.includes(word)) sum += 30;
        else if (entry.text.includes(word)) sum += 10;
        else return 0;
      }
      return sum + (entry.kind === 2 ? 15 : 0);
    };
    const search = () => {
      const words = plain(box.value).split(/\s+/).filter(Boolean);
      panel.hidden = !words.length || !entries;
      if (panel.hidden) return;
      const found = entries.map((entry) => [value(entry, words), entry]).filter(([worth]) => worth).sort((a, b) => b[0] - a[0]);
      said.textContent = found.length ? `${found.length}${seek.dataset.found}` : seek.dataset.none;
      list.replaceChildren(...found.slice(0, 30).map(([, entry]) => make("li", {}, make("a", {href: (html.dataset.root || "") + entry.href},
        make("small", {className: "kind", textContent: entry.kind === 2 ? entry.where : kinds[entry.kind]}), make("span", {}, marked(entry.title, words)),
        make("small", {}, ...(entry.kind === 2 || entry.where === entry.title ? [] : [entry.where, " "]), marked(snippet(entry.said, words), words))))));
    };
    const load = () => {
      if (asked) return;
      asked = true;
      document.head.append(make("script", {src: seek.dataset.script, onload: () => {
        entries = FIRE_SEARCH.map(([kind, title, where, href, keys, text]) => ({kind, title, where, href, said: text, low: plain(title), keys: plain(keys), text: plain(text)}));
        search();
      }}));
    };
    box.addEventListener("focus", load);
    box.addEventListener("input", () => { load(); search(); });
    box.addEventListener("keydown", (event) => { if (event.key === "Enter" && !panel.hidden && list.firstChild) one(list, "a").click(); });
    seek.addEventListener("keydown", (event) => {
      const rows = [box, ...all(list, "a")], at = rows.indexOf(document.activeElement);
      if (event.key === "Escape") { panel.hidden = true; box.focus(); }
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (panel.hidden) search();
        rows[Math.min(Math.max(at + (event.key === "ArrowDown" ? 1 : -1), 0), rows.length - 1)].focus();
      }
    });
    document.addEventListener("click", (event) => { if (!seek.contains(event.target) || event.target.closest(".results a")) panel.hidden = true; });
    seek.addEventListener("focusout", (event) => { if (event.relatedTarget && !seek.contains(event.relatedTarget)) panel.hidden = true; });
    addEventListener("keydown", (event) => { if (event.key === "/" && !event.target.closest("input, select, textarea")) { event.preventDefault(); box.focus(); } });
  }

  // The address of an exhibit is copied where the browser lets us
  for (const link of all(document, "a.permalink")) link.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(link.href); } catch { return; }
    const word = link.firstChild, text = word.textContent;
    word.textContent = link.dataset.copied;
    setTimeout(() => { word.textContent = text; }, 1500);
  });

  // Tables: what a cell is worth, sorting, a filter
  const missing = /^[–—-]?$/, collator = new Intl.Collator(html.lang.startsWith("zh") ? "zh-Hans-u-co-pinyin" : html.lang, {numeric: true});
  const worth = (text) => {
    const cleared = text.replace(/\[[^\]]*\]/g, "").replace(/[,\s%()（）]/g, "").replace(/−/g, "-");
    if (missing.test(cleared)) return null;
    const ends = cleared.match(/^([+-]?\d+(?:\.\d+)?)(?:(?:[–—~…]|\.\.\.)([+-]?\d+(?:\.\d+)?))?$/);
    return ends ? (Number(ends[1]) + Number(ends[2] ?? ends[1])) / 2 : undefined;
  };
  const sortable = (table) => {
    const body = table.tBodies[0], lines = [...body.rows];
    all(table, "thead th").forEach((head, at) => {
      if (!head.textContent.trim()) return;
      const cells = lines.map((line) => line.cells[at].textContent.trim()), values = cells.map(worth), numbers = values.every((one) => one !== undefined);
      const button = make("button", {type: "button", className: "sort"}, ...head.childNodes);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort"), up = now ? now === "descending" : !numbers || values[0] <= values[values.length - 1];
        all(table, "thead th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const order = lines.map((_, i) => i).sort((a, b) => {
          const [x, y] = numbers ? [values[a], values[b]] : [cells[a], cells[b]], none = (one) => one === null || (!numbers && missing.test(one));
          if (none(x) || none(y)) return none(x) - none(y) || a - b;
          return (up ? 1 : -1) * (numbers ? x - y : collator.compare(x, y)) || a - b;
        });
        body.append(...order.map((i) => lines[i]));
      });
      head.append(button);
    });
  };
  for (const table of all(document, "main.chapter figure table")) if (table.tBodies[0] && table.tBodies[0].rows.length > 2) sortable(table);
  for (const figure of all(document, "main.chapter figure[data-filter]")) {
    const lines = [...one(figure, "tbody").rows], count = make("output"), box = make("input", {type: "search", autocomplete: "off"});
    const words = document.body.dataset;
    box.setAttribute("aria-label", words.filter);
    box.placeholder = words.filter;
    count.setAttribute("aria-live", "polite");
    box.addEventListener("input", () => {
      const wanted = plain(box.value).split(/\s+/).filter(Boolean);
      lines.forEach((line) => { line.hidden = !wanted.every((word) => plain(line.textContent).includes(word)); });
      count.textContent = wanted.length ? `${lines.filter((line) => !line.hidden).length} / ${lines.length}${words.rows}` : "";
    });
    one(figure, ".scroll").before(make("div", {className: "filter"}, box, count));
  }

  // A table that is too wide is set tighter; what still scrolls sideways says so, can be reached by keyboard, and has a name
  const sideways = document.body.dataset.sideways;
  const reach = () => {
    for (const area of all(document, "main .scroll, main.chapter math[display=block]")) {
      if (area.closest(".explorer")) continue;
      const over = () => area.scrollWidth > area.clientWidth + 1, frame = area.matches(".scroll"), hint = area.previousElementSibling;
      area.classList.remove("tight");
      area.classList.toggle("tight", over());
      const wide = over();
      const title = one(area.parentElement, "figcaption, h2"), named = [["role", "region"], ["aria-label", `${title ? title.textContent : document.title} · ${sideways}`]];
      for (const [name, text] of [["tabindex", "0"], ...(frame ? named : [])]) if (wide) area.setAttribute(name, text); else area.removeAttribute(name);
      if (!frame) continue;
      const ends = () => {
        area.classList.toggle("before", wide && area.scrollLeft > 1);
        area.classList.toggle("after", wide && area.scrollLeft + area.clientWidth < area.scrollWidth - 1);
      };
      if (hint && hint.matches(".sideways")) hint.hidden = !wide;
      else if (wide) {
        const said = make("p", {className: "sideways", textContent: `← ${sideways} →`});
        said.setAttribute("aria-hidden", "true");
        area.before(said);
      }
      area.onscroll = ends;
      ends();
    }
  };
  reach();
  addEventListener("resize", reach);
})();
