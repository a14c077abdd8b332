-- Keys rest as their hashes in Kong as everywhere: key-auth looks for the SHA-256 of what the client sent.
local sha256 = require "resty.sha256"
return function()
  local key = kong.request.get_headers()["apikey"]
  -- A key behind the hundredth header is none, and must not come into sight, unhashed, when a plugin drops one before it.
  if key == nil then
    kong.service.request.clear_header("apikey")
  end
  -- Two keys are a table, and none or an empty one stays as it is: key-auth has its answers to these.
  if type(key) == "string" and key ~= "" then
    local digest = sha256:new()
    digest:update(key)
    local hexadecimal = digest:final():gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
    kong.service.request.set_header("apikey", hexadecimal)
  end
end
