-- Asks with each of the bodies in turn: wrk -s serving_load.lua URL -- MEDIA-TYPE BODY-FILE...; prints JSON at the end.
--
-- Now and then a connection ends, and wrk opens another one. Where workers of a server share a socket, one of them may
-- have taken nearly all that were opened at once, and would work alone if they were kept.

local ENDING = 11 -- every so many requests; has no divisor in common with what they take turns in, bodies and clients
local keeping, ending, turn = {}, {}, 0

function init(arguments)
   wrk.method = "POST"
   wrk.headers["Content-Type"] = arguments[1]
   for i = 2, #arguments do
      local file = assert(io.open(arguments[i], "rb"))
      local body = file:read("*a")
      file:close()
      wrk.headers["Connection"] = nil
      keeping[i - 1] = wrk.format(nil, nil, nil, body)
      wrk.headers["Connection"] = "close"
      ending[i - 1] = wrk.format(nil, nil, nil, body)
   end
end

function request()
   turn = turn + 1
   local requests = turn % ENDING == 0 and ending or keeping
   return requests[turn % #requests + 1]
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format('{"answers": %d, "refused": %d, "lost": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f}\n',
      summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration / 1e6,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
