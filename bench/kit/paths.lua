-- Asks for the paths of a file one after the other, from a line on, and again from the first. What stands behind a tab is posted, as JSON.
local requests = {}
local at = 0

function init(args)
  for line in io.lines(args[1]) do
    local path, body = line:match("^(.-)\t(.*)$")
    if body then
      requests[#requests + 1] = wrk.format("POST", path, { ["Content-Type"] = "application/json" }, body)
    else
      requests[#requests + 1] = wrk.format("GET", line)
    end
  end
  at = tonumber(args[2]) % #requests
end

function request()
  at = at % #requests + 1
  return requests[at]
end
