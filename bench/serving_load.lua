-- Asks with each of the bodies in turn: wrk -s serving_load.lua URL -- MEDIA-TYPE BODY-FILE...; prints JSON at the end.

local bodies, turn = {}, 0

function init(arguments)
   wrk.method = "POST"
   wrk.headers["Content-Type"] = arguments[1]
   for i = 2, #arguments do
      local file = assert(io.open(arguments[i], "rb"))
      bodies[i - 1] = wrk.format(nil, nil, nil, file:read("*a"))
      file:close()
   end
end

function request()
   turn = turn % #bodies + 1
   return bodies[turn]
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format('{"answers": %d, "refused": %d, "lost": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f}\n',
      summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration / 1e6,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
