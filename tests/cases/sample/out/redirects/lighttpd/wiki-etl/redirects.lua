-- Written by wiki-etl. Looks up what the new site does not answer in redirects.map, beside this file.
-- lighttpd 1.4.63 or later with mod_magnet, Lua 5.1 to 5.4. Nothing of a request is ever repeated in Location.
local BASE = "/"
local STATUS, CACHE = 301, nil
local HOME, HOME_PATH = nil, nil
-- Addresses that are no pages: these paths; and these followed by digits, then nothing or "-" and anything.
local EXACT = {
}
local NUMBERED = {
}

local request = lighty.r
local target = request.req_attr["request.orig-uri"]
-- 1.4.63 has no req_item.
local status = request.req_item and request.req_item.http_status or tonumber(request.req_attr["response.http-status"])
-- 404: the new site has no answer. 403: it has a folder without a page, or denies names that end in "~". 400: an
-- absolute form for another host than that of the header Host, which is to be ignored then (RFC 9112, 3.2.2).
if not target or status ~= 404 and status ~= 403 and status ~= 400 then return end
local folder = debug.getinfo(1, "S").source:match("^@?(.*/)") or ""

-- The text that an address spells: decoded once, + a blank, blanks trimmed; empty when it can never match. Bytes that
-- are not UTF-8 need no test: no key has any.
local function decode(raw)
    local text = raw:gsub("%+", " ")
    local left = text:gsub("%%%x%x", "")
    if left:find("%", 1, true) then return "" end
    text = text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    if text:find("%c") or not text:find("[^ ]") then return "" end
    return text:match("^ *(.*[^ ])")
end

-- A name without case.
local function fold(name)
    name = name:lower()
    if not name:find("[\128-\255]") then return name end
    return (name:gsub("[\194-\244][\128-\191]*", dofile(folder .. "fold.lua")))
end

-- What the map answers. Halves its way to the first line of the key; in there the exact name counts, or the only one.
local function find(map, size, key, exact)
    local low, high = 0, size
    while low < high do
        local middle = math.floor((low + high) / 2)
        map:seek("set", middle)
        if middle > 0 then map:seek("set", middle - 1); map:read("*l") end
        local start = map:seek("cur")
        local line = map:read("*l")
        if start >= high then
            high = middle
        elseif line:match("^[^\t]*") < key then
            low = start + #line + 1
        else
            high = middle
        end
    end
    map:seek("set", low)
    for line in map:lines() do
        local at, name, answer = line:match("^([^\t]*)\t(.*) ([^ ]*)$")
        if at ~= key then return nil end
        if name == "" or name == exact then return answer end
    end
end

-- A path without its "." segments and with one slash before it, none behind it.
local function plain(path)
    local count
    path = path .. "/"
    repeat path, count = path:gsub("/%./", "/") until count == 0
    if not path:find("[^/]") then return "/" end
    return "/" .. path:match("^/*(.*[^/])")
end

-- What stands behind the folder of the old wiki, still encoded; nil outside of it.
local function inside_of(path)
    local _, count = BASE:gsub("/", "")
    local head = path:match("^" .. ("[^/]*/"):rep(count))
    return head and decode(head) == BASE and path:sub(#head + 1) or nil
end

-- The value of the last parameter of a name.
local function parameter(query, name)
    local value
    for part in query:gmatch("[^&]+") do
        local key = part:match("^[^=]*")
        if key == name then value = part:sub(#key + 2) end
    end
    return value
end

local function route(path)
    if EXACT[path] then return EXACT[path] end
    for _, row in ipairs(NUMBERED) do
        local rest = path:sub(1, #row[1]) == row[1] and path:sub(#row[1] + 1) or ""
        if rest:find("^[0-9]+$") or rest:find("^[0-9]+%-") then return row[2] end
    end
end

local function page(look, id, name)
    return id:find("^[1-9][0-9]*$") and look("i" .. id, id) or name ~= "" and look("n" .. fold(name), name)
end

-- A path: path, then name, then id.
local function by_path(look, path, inside)
    local whole, name = decode(path:sub(2)), decode(inside or "")
    return whole ~= "" and look("p/" .. whole, "/" .. whole)
        or name ~= "" and look("n" .. fold(name), name)
        or name:find("^[1-9][0-9]*$") and look("i" .. name, name)
end

local function answer(look)
    local path, query = target:gsub("^%a[%w+.-]*://[^/?#]*", ""):match("^([^?#]*)%??([^#]*)")
    if path:sub(1, 1) ~= "/" then return nil end
    path = plain(path)
    local inside = inside_of(path)
    local is_script = inside == "tiki-index.php"
    if is_script then
        local id, name = parameter(query, "page_id"), parameter(query, "page")
        if id or name then return page(look, decode(id or ""), decode(name or "")) end
    end
    local whole = path == "/" and path or decode(path:sub(2)):gsub("^.", "/%0")
    return by_path(look, path, inside) or (is_script or whole == HOME_PATH) and HOME or route(whole)
end

local map = assert(io.open(folder .. "redirects.map", "rb"))
local size = map:seek("end")
local found = answer(function(key, exact) return find(map, size, key, exact) end)
map:close()
if not found then return end
request.resp_body:set("")
if found == "410" then return 410 end
request.resp_header["Location"] = found
if CACHE then request.resp_header["Cache-Control"] = CACHE end
return STATUS
