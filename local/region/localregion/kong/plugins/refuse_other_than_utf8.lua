-- Lambda refuses an event that is not UTF-8, and Kong makes a 500 of that: such a request is the client's fault.
local sequences = {
  "[\194-\223][\128-\191]",
  "\224[\160-\191][\128-\191]",
  "[\225-\236\238\239][\128-\191][\128-\191]",
  "\237[\128-\159][\128-\191]",
  "\240[\144-\191][\128-\191][\128-\191]",
  "[\241-\243][\128-\191][\128-\191][\128-\191]",
  "\244[\128-\143][\128-\191][\128-\191]",
}
local function is_utf8(text)
  if not text:find("[\128-\255]") then
    return true
  end
  for _, sequence in ipairs(sequences) do
    text = text:gsub(sequence, " ")
  end
  return not text:find("[\128-\255]")
end
local function is_all_utf8(value)
  if type(value) ~= "table" then
    return type(value) ~= "string" or is_utf8(value)
  end
  for _, text in ipairs(value) do
    if not is_utf8(text) then
      return false
    end
  end
  return true
end
return function()
  local good = is_utf8(ngx.unescape_uri(kong.request.get_raw_path()))
    and is_utf8(ngx.unescape_uri(kong.request.get_raw_query()))
  for _, value in pairs(kong.request.get_headers()) do
    good = good and is_all_utf8(value)
  end
  if not good then
    return kong.response.error(400, "Path, query and headers must be UTF-8")
  end
end
