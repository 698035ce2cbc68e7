-- One filter for HTML, Typst and Word: numbers figures and tables, resolves @fig:… and @tbl:…, writes the lists.
-- Word gets real fields (SEQ, REF, TOC), so that an editor can add a figure and update all numbers.

local WORDS = {
  zh = {fig = "图", tbl = "表", gap = "　", contents = "目录", figs = "图目录", tbls = "表目录"},
  en = {fig = "Figure", tbl = "Table", gap = ". ", contents = "Contents", figs = "Figures", tbls = "Tables"},
}
local TALLEST = 165   -- mm, of a figure on a page with 160 mm of text width
local W
local numbers, titles, order, headings = {}, {}, {fig = {}, tbl = {}}, {}
local typst, docx, html = FORMAT == "typst", FORMAT == "docx", FORMAT:match("html")

local function raw(text) return pandoc.RawInline(docx and "openxml" or "typst", text) end
local function name(kind, number) return W[kind] .. " " .. number end
local function bookmark(kind, number) return "_Ref" .. kind .. number end
local function field(code, shown)
  return raw('<w:fldSimple w:instr=" ' .. code .. ' "><w:r><w:t>' .. shown .. "</w:t></w:r></w:fldSimple>")
end

local function number_caption(kind, id, caption)
  local blocks = caption.long
  local number = #order[kind] + 1
  order[kind][number] = id
  numbers[id], titles[id] = number, blocks[1] and blocks[1].content:clone() or pandoc.Inlines {}
  if typst or not blocks[1] then return end
  local lead = pandoc.Inlines {pandoc.Span({pandoc.Str(name(kind, number) .. W.gap)}, {class = "number"})}
  if docx then
    local mark, key = bookmark(kind, number), (kind == "fig" and 10000 or 20000) + number
    lead = pandoc.Inlines {
      raw('<w:bookmarkStart w:id="' .. key .. '" w:name="' .. mark .. '"/><w:r><w:t xml:space="preserve">' .. W[kind] .. " </w:t></w:r>"),
      field("SEQ " .. W[kind] .. " \\* ARABIC", number), raw('<w:bookmarkEnd w:id="' .. key .. '"/>'), pandoc.Str(W.gap)}
  end
  blocks[1].content = lead .. blocks[1].content
end

local function reference(kind, id)
  local number = numbers[kind .. ":" .. id]
  if not number then return nil end
  if typst then return raw("@" .. kind .. ":" .. id) end
  if docx then return field("REF " .. bookmark(kind, number) .. " \\h", name(kind, number)) end
  return pandoc.Link({pandoc.Str(name(kind, number))}, "#" .. kind .. ":" .. id, "", {class = "reference"})
end

local function cite(element)
  local found = pandoc.Inlines {}
  for _, citation in ipairs(element.citations) do
    local kind, id = citation.id:match("^(%a+):(.+)$")
    local link = kind and reference(kind, id)
    if not link and not PREVIEW then error("reference @" .. citation.id .. " names no figure or table of this report") end
    if #found > 0 then found:insert(pandoc.Str(W.fig == "图" and "、" or ", ")) end
    found:insert(link or pandoc.Str("[" .. citation.id .. "]"))
  end
  return found
end

-- An entry of a list: a link, in Word in the style of its level.
local function entry(text, target, level)
  local link = pandoc.Para {pandoc.Link(text, "#" .. target)}
  return docx and pandoc.Div({link}, pandoc.Attr("", {}, {["custom-style"] = "TOC " .. level})) or link
end

local function wrap_field(code, entries)
  if #entries == 0 then return entries end
  local function edge(kind) return raw('<w:r><w:fldChar w:fldCharType="' .. kind .. '"/></w:r>') end
  local first, last = entries[1].content[1].content, entries[#entries].content[1].content
  first:insert(1, edge("separate"))
  first:insert(1, raw('<w:r><w:instrText xml:space="preserve"> ' .. code .. " </w:instrText></w:r>"))
  first:insert(1, edge("begin"))
  last:insert(edge("end"))
  return entries
end

local function list_of(kind)
  local entries = pandoc.Blocks {}
  for number, id in ipairs(order[kind]) do
    local text = pandoc.Inlines {pandoc.Str(name(kind, number) .. W.gap)} .. titles[id]
    entries:insert(entry(text, id, 2))
  end
  return docx and wrap_field('TOC \\h \\z \\c "' .. W[kind] .. '"', entries) or entries
end

local function contents()
  local list_head = function(text) return docx and pandoc.Div({pandoc.Para(text)}, pandoc.Attr("", {}, {["custom-style"] = "TOC Heading"})) end
  if typst then
    local function outline(title, target, depth)
      return '#outline(title: [' .. title .. '], ' .. (target and "target: figure.where(kind: " .. target .. ")" or "depth: " .. depth) .. ")\n"
    end
    return pandoc.RawBlock("typst", outline(W.contents, nil, 2) .. "#pagebreak()\n" .. outline(W.figs, "image") .. outline(W.tbls, "table"))
  elseif docx then
    local heads = pandoc.Blocks {}
    for _, head in ipairs(headings) do heads:insert(entry(head.text, head.id, head.level)) end
    local blocks = pandoc.Blocks {list_head(W.contents)} .. wrap_field('TOC \\o "1-2" \\h \\z \\u', heads)
    for _, kind in ipairs {"fig", "tbl"} do blocks = blocks .. pandoc.Blocks {list_head(W[kind .. "s"])} .. list_of(kind) end
    return blocks
  end
  local blocks = pandoc.Blocks {}
  for _, kind in ipairs {"fig", "tbl"} do
    blocks:insert(pandoc.RawBlock("html", "<details class='list'><summary>" .. W[kind .. "s"] .. "</summary>"))
    blocks:extend(list_of(kind))
    blocks:insert(pandoc.RawBlock("html", "</details>"))
  end
  return blocks
end

local function typst_string(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"' end

-- A tall figure leaves room on its page for the heading and the text that lead to it.
local function span(image)
  local wide, high = (image.attributes.pixels or ""):match("(%d+)x(%d+)")
  return wide and high / wide > TALLEST / 160 and "height: " .. TALLEST .. "mm" or "width: 100%"
end

local function figure(element)
  local image
  element:walk {Image = function(found) image = found end}
  number_caption("fig", element.identifier, element.caption)
  if not image then return element end
  if typst then
    local caption = pandoc.write(pandoc.Pandoc(element.caption.long), "typst")
    return pandoc.RawBlock("typst", "#figure(image(" .. typst_string(image.src) .. ", " .. span(image) .. ", alt: "
      .. typst_string(pandoc.utils.stringify(image.caption)) .. "), caption: [" .. caption:gsub("%s+$", "") .. "])\n<" .. element.identifier .. ">")
  end
  return element:walk {Image = function(found)   -- vector figures go into the PDF; pages stay small with PNG
    found.src = found.src:gsub("%.svg$", ".png")
    local wide, high = (found.attributes.pixels or ""):match("(%d+)x(%d+)")
    if html then found.attributes.loading, found.attributes.width, found.attributes.height = "lazy", wide, high end
    found.attributes.pixels = nil
    return found
  end}
end

local function table_(element)
  if element.identifier == "" then return nil end
  number_caption("tbl", element.identifier, element.caption)
  return element
end

local function heads(blocks)
  local chapter, section = 0, 0
  for _, block in ipairs(blocks) do
    if block.t == "Header" and block.level <= 2 then
      local plain, lead = block.classes:includes("unnumbered"), ""
      if not plain and block.level == 1 then chapter, section = chapter + 1, 0; lead = chapter .. " " end
      if not plain and block.level == 2 then section = section + 1; lead = chapter .. "." .. section .. " " end
      table.insert(headings, {id = block.identifier, level = block.level, text = pandoc.Inlines {pandoc.Str(lead)} .. block.content})
    end
  end
end

local function div(element)
  if element.identifier == "contents" then return contents() end
  local style = docx and (element.classes:includes("source") and "Source" or element.classes:includes("box") and "Box")
  if style then element.attributes["custom-style"] = style; return element end
  if not typst then return nil end
  local open
  if element.classes:includes("figure") then open = "#block(width: 100%, breakable: false, above: 1.5em)["
  elseif element.classes:includes("wide") then open = "#wide["
  elseif element.classes:includes("box") then open = "#box-status["
  elseif element.classes:includes("source") then open = "#source-line["
  else return nil end
  return pandoc.Blocks {pandoc.RawBlock("typst", open)} .. element.content .. pandoc.Blocks {pandoc.RawBlock("typst", "]")}
end

-- Pages of cities and regions lie beside the web page only.
local function link(element)
  if not html and element.target:match("^places/") then return element.content end
end

function Pandoc(doc)
  W = WORDS[pandoc.utils.stringify(doc.meta.lang):sub(1, 2)]
  PREVIEW = doc.meta.preview
  heads(doc.blocks)
  doc = doc:walk {Figure = figure, Table = table_}
  return doc:walk {Cite = cite, Div = div, Link = link}
end
