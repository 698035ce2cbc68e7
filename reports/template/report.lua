-- One filter for HTML, Typst and Word: numbers chapters, figures and tables (PREFIX before the number), resolves @fig:…
-- and @tbl:…, also those of the other volume (`elsewhere`), writes the contents.
-- Word gets real fields (SEQ, REF, TOC), so that an editor can add a figure and update all numbers.

local TALLEST = 210   -- mm, of a figure on a page with 160 mm of text width
local DOTS = 200      -- pixels an inch of the PNG of a figure
local W, PREFIX, ELSEWHERE, CHINESE   -- W: words of captions, from frame.toml
local numbers, order = {}, {fig = {}, tbl = {}}
local typst, docx, html = FORMAT == "typst", FORMAT == "docx", FORMAT:match("html")

local function raw(text) return pandoc.RawInline(docx and "openxml" or "typst", text) end
local function name(kind, number) return W[kind] .. " " .. PREFIX .. number end
local function bookmark(kind, number) return "_Ref" .. kind .. number end
local function field(code, shown)
  return raw('<w:fldSimple w:instr=" ' .. code .. ' "><w:r><w:t>' .. shown .. "</w:t></w:r></w:fldSimple>")
end

local function number_caption(kind, id, caption)
  local blocks = caption.long
  local number = #order[kind] + 1
  order[kind][number] = id
  numbers[id] = number
  if typst or not blocks[1] then return end
  local lead = pandoc.Inlines {pandoc.Span({pandoc.Str(name(kind, number) .. W.gap)}, {class = "number"})}
  if docx then
    local mark, key = bookmark(kind, number), (kind == "fig" and 10000 or 20000) + number
    lead = pandoc.Inlines {
      raw('<w:bookmarkStart w:id="' .. key .. '" w:name="' .. mark .. '"/><w:r><w:t xml:space="preserve">' .. W[kind] .. " " .. PREFIX .. "</w:t></w:r>"),
      field("SEQ " .. W[kind] .. " \\* ARABIC", number), raw('<w:bookmarkEnd w:id="' .. key .. '"/>'), pandoc.Str(W.gap)}
  end
  blocks[1].content = lead .. blocks[1].content
end

local function reference(kind, id)
  local label = kind .. ":" .. id
  local number = numbers[label]
  if not number then
    local other = ELSEWHERE[label] and pandoc.Str(pandoc.utils.stringify(ELSEWHERE[label]))
    return other and (html and pandoc.Link({other}, "#" .. label, "", {class = "reference"}) or other)
  end
  if typst then return raw("#ref(<" .. kind .. ":" .. id .. ">);") end
  if docx then return field("REF " .. bookmark(kind, number) .. " \\h", name(kind, number)) end
  return pandoc.Link({pandoc.Str(name(kind, number))}, "#" .. kind .. ":" .. id, "", {class = "reference"})
end

local function cite(element)
  local found = pandoc.Inlines {}
  for _, citation in ipairs(element.citations) do
    local kind, id = citation.id:match("^(%a+):(.+)$")
    local link = kind and reference(kind, id)
    if not link and not PREVIEW then error("reference @" .. citation.id .. " names no figure or table of this report") end
    if #found > 0 then found:insert(pandoc.Str(CHINESE and "、" or ", ")) end
    found:insert(link or pandoc.Str("[" .. citation.id .. "]"))
  end
  return found
end

-- The contents: Typst makes them; in Word a paragraph holds their place (`fire.report.word`), on the web the page does.
local function contents()
  if typst then return pandoc.RawBlock("typst", "#contents()\n") end
  if not docx then return pandoc.Blocks {} end
  return pandoc.Div({pandoc.Para(pandoc.Str("…"))}, pandoc.Attr("", {}, {["custom-style"] = "TOC 1"}))
end

local function typst_string(text) return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"') .. '"' end

-- A figure is set as it was drawn: as wide as the text, or narrower; less where it is taller than a page.
local function span(image)
  local wide, high = (image.attributes.pixels or ""):match("(%d+)x(%d+)")
  if not wide then return "width: 100%" end
  if high / wide > TALLEST / 160 then return "height: " .. TALLEST .. "mm" end
  local drawn = wide * 25.4 / DOTS
  return drawn < 150 and "width: " .. drawn .. "mm" or "width: 100%"
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

-- Numbers of chapters and sections; Typst counts for itself.
local function heads(blocks)
  local count = {0, 0, 0}
  for _, block in ipairs(blocks) do
    if block.t == "Header" and block.level <= 3 then
      local lead = ""
      if not block.classes:includes("unnumbered") then
        count[block.level] = count[block.level] + 1
        for level = block.level + 1, 3 do count[level] = 0 end
        lead = PREFIX .. table.concat(count, ".", 1, block.level)
      end
      if lead ~= "" and not typst then
        block.content:insert(1, pandoc.Span({pandoc.Str(lead .. " ")}, {class = "header-section-number"}))
      end
    end
  end
end

-- Chapters begin on a new page, after all that floats has found its place.
local function breaks(blocks)
  local made = pandoc.Blocks {}
  for _, block in ipairs(blocks) do
    local begins = block.t == "Header" and block.level == 1
    if begins and #made > 0 then made:insert(pandoc.RawBlock("typst", "#place.flush()\n#pagebreak(weak: true)")) end
    made:insert(block)
  end
  return made
end

local function label_of(element)
  local label
  element:walk {
    Table = function(found) label = found.identifier end,
    RawBlock = function(found) label = found.text:match("\n<(fig:[^>]+)>$") or label end,   -- a figure, written before
  }
  return label
end

-- An exhibit in Typst: its number stands fixed, one that floats stands whole at the top or the foot of a page.
local function exhibit(element)
  local number = numbers[label_of(element)]
  local floats = element.classes:includes("floats")
  local open = "#exhibit(\"" .. PREFIX .. number .. "\", floats: " .. tostring(floats) .. ", whole: " .. tostring(element.classes:includes("figure")) .. ")["
  local close = "]"
  if element.classes:includes("wide") then open, close = open .. "#wide[", "]]" end
  if element.classes:includes("slim") then open, close = open .. "#slim(" .. tostring(floats) .. ")[", "]]" end
  return pandoc.Blocks {pandoc.RawBlock("typst", open)} .. element.content .. pandoc.Blocks {pandoc.RawBlock("typst", close)}
end

local function div(element)
  if element.identifier == "contents" then return contents() end
  local style = docx and (element.classes:includes("source") and "Source" or element.classes:includes("box") and "Box")
  if style then element.attributes["custom-style"] = style; return element end
  if not typst then return nil end
  if element.classes:includes("exhibit") then return exhibit(element) end
  local open
  if element.classes:includes("onepage") then open = "#onepage["
  elseif element.classes:includes("box") then open = "#box-status["
  elseif element.classes:includes("source") then open = "#source-line["
  else return nil end
  return pandoc.Blocks {pandoc.RawBlock("typst", open)} .. element.content .. pandoc.Blocks {pandoc.RawBlock("typst", "]")}
end

-- In Chinese no space stands before or after a reference.
local function close(inlines)
  if not CHINESE then return nil end
  local made = pandoc.Inlines {}
  for at, one in ipairs(inlines) do
    local beside = (inlines[at - 1] and inlines[at - 1].t == "Cite") or (inlines[at + 1] and inlines[at + 1].t == "Cite")
    if not (one.t == "Space" and beside) then made:insert(one) end
  end
  return made
end

function Pandoc(doc)
  local function word(key) return doc.meta[key] and pandoc.utils.stringify(doc.meta[key]) or "" end
  CHINESE, PREVIEW, PREFIX = word("lang"):sub(1, 2) == "zh", doc.meta.preview, word("volume-prefix")
  W = {fig = word("figure-word"), tbl = word("table-word"), gap = word("caption-gap") .. (CHINESE and "　" or " ")}
  ELSEWHERE = doc.meta.elsewhere or {}
  heads(doc.blocks)
  if typst then doc.blocks = breaks(doc.blocks) end
  doc = doc:walk {Figure = figure, Table = table_}
  doc = doc:walk {Inlines = close}
  return doc:walk {Cite = cite, Div = div}
end
