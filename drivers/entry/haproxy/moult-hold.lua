-- moult-hold: lets HAProxy keep requests waiting, refusing none, while moult switches an appliance.
--
-- Needs HAProxy 2.6 or newer with Lua. Use:
--
--     global
--         stats socket /run/haproxy/admin.sock mode 660 level admin
--         setenv MOULT_HOLD_MAP /etc/haproxy/moult-hold.map     # optional: this is the default
--         setenv MOULT_HOLD_MAX_MS 60000                        # optional: this is the default
--         lua-load-per-thread /usr/share/moult/moult-hold.lua   # after the setenv lines
--
--     frontend notes
--         http-request lua.moult_hold                           # the last http-request rule
--
-- The map is a file that exists and is empty when HAProxy starts (touch it once). HAProxy never writes it: moult
-- works on the map in memory, through the runtime API, so a reload or restart of HAProxy ends a hold.
--
-- The map's keys are frontends. A frontend's value is the moment, in milliseconds since 1970 by HAProxy's own clock (moult
-- asks for it: `show activity`), until which its requests wait: a dead orchestrator holds nobody for longer. Requests on kept-alive connections wait like any other.
-- No request waits longer than MOULT_HOLD_MAX_MS, whatever the map says.
--
-- When the action first sees a request of a frontend, it notes "<frontend>|seen" in the map, with MOULT_HOLD_MAX_MS as its
-- value: moult reads it as the proof that the rule is in place, and refuses to hold where it is missing, or for longer.

local map_name = os.getenv("MOULT_HOLD_MAP") or "/etc/haproxy/moult-hold.map"
local max_ms = tonumber(os.getenv("MOULT_HOLD_MAX_MS") or "") or 60000
local expiries = Map.new(map_name, Map._str)

-- These are one thread's own with lua-load-per-thread, and shared under HAProxy's lock with lua-load: right both ways.
local seen = {}
local waiting = 0

local function now_ms()
  local now = core.now()
  return now.sec * 1000 + now.usec // 1000
end

-- A request looks every 2 ms. Hundreds at once look less often, so that waiting stays cheap.
local function pause_ms()
  return math.min(2 + waiting // 100, 20)
end

local function wait(frontend, expiry)
  local limit = now_ms() + max_ms
  waiting = waiting + 1
  while expiry do
    local now = now_ms()
    if now >= expiry or now >= limit then break end
    core.msleep(pause_ms())
    expiry = tonumber(expiries:lookup(frontend) or "")
  end
  waiting = waiting - 1
end

core.register_action("moult_hold", {"http-req"}, function(txn)
  local frontend = txn.f:fe_name()
  if not seen[frontend] then
    seen[frontend] = true
    core.set_map(map_name, frontend .. "|seen", tostring(math.floor(max_ms)))
  end
  local expiry = expiries:lookup(frontend)
  if expiry then wait(frontend, tonumber(expiry)) end
end)
