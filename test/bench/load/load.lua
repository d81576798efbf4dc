-- Prepares requests before the clock runs, then sends them in turn. Arguments: folder, method, how many.
local requests = {}
local next = 0

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function fill(text, id, session)
  text = text:gsub("{id}", tostring(id))
  text = text:gsub("{session}", session)
  return text
end

function init(args)
  local folder, method, count = args[1], args[2], tonumber(args[3])
  local headers, body = read(folder .. "/headers"), read(folder .. "/body")
  local sessions = {}
  for session in read(folder .. "/sessions"):gmatch("[^\n]+") do
    sessions[#sessions + 1] = session
  end
  if #sessions == 0 then sessions[1] = "none" end
  for id = 1, count do
    local session = sessions[(id - 1) % #sessions + 1]
    local fields = {}
    for name, value in fill(headers, id, session):gmatch("([^\n:]+): ([^\n]*)\n") do
      fields[name] = value
    end
    local text = fill(body, id, session)
    requests[id] = wrk.format(method, wrk.path, fields, #text > 0 and text or nil)
  end
end

function request()
  next = next % #requests + 1
  return requests[next]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format("RESULT %d %d %d %d %d", summary.requests, summary.duration,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
