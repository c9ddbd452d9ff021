-- Certificates made for each run: one authority that the client trusts, one that it does not, and leaves.
local altname = require "openssl.x509.altname"
local context = require "openssl.ssl.context"
local name = require "openssl.x509.name"
local pkey = require "openssl.pkey"
local store = require "openssl.x509.store"
local x509 = require "openssl.x509"

local DAY = 86400

local function new_key() return pkey.new { type = "EC", curve = "prime256v1" } end

local function subject(common_name)
  return name.new():add("CN", common_name)
end

local serial = 0
local function certificate(common_name, key, from, to)
  serial = serial + 1
  local cert = x509.new()
  cert:setVersion(3)
  cert:setSerial(serial)
  cert:setLifetime(from, to)
  cert:setSubject(subject(common_name))
  cert:setPublicKey(key)
  return cert
end

local function authority(common_name)
  local key, now = new_key(), os.time()
  local cert = certificate(common_name, key, now - DAY, now + DAY)
  cert:setIssuer(cert:getSubject())
  cert:setBasicConstraints { CA = true }
  cert:setBasicConstraintsCritical(true)
  cert:sign(key)
  return { cert = cert, key = key }
end

local function local_names()
  return altname.new():add("IP", "127.0.0.1"):add("IP", "::1"):add("DNS", "localhost"):add("DNS", "*.faults.test")
end

local function leaf(issuer, names, from, to)
  local key, now = new_key(), os.time()
  local cert = certificate("fault server", key, now + from, now + to)
  cert:setSubjectAlt(names)
  if issuer then
    cert:setIssuer(issuer.cert:getSubject())
    cert:sign(issuer.key)
  else
    cert:setIssuer(cert:getSubject())
    cert:sign(key)
  end
  return { cert = cert, key = key }
end

local function make()
  local known, unknown = authority("faults known CA"), authority("faults unknown CA")
  return {
    ca = known.cert, ca_pem = known.cert:toPEM(),
    good = leaf(known, local_names(), -DAY, DAY),
    expired = leaf(known, local_names(), -9 * DAY, -DAY),
    not_yet = leaf(known, local_names(), DAY, 9 * DAY),
    wrong_host = leaf(known, altname.new():add("DNS", "elsewhere.invalid"), -DAY, DAY),
    self_signed = leaf(nil, local_names(), -DAY, DAY),
    unknown_ca = leaf(unknown, local_names(), -DAY, DAY),
    client = leaf(known, altname.new():add("DNS", "client.faults.test"), -DAY, DAY),
    stranger = leaf(unknown, altname.new():add("DNS", "stranger.faults.test"), -DAY, DAY),
  }
end

--- A server context for a leaf. `versions`: "old" is TLS 1.0 and 1.1, "1.2" only that; `alpn` is the one
--- protocol offered; `client_ca` is the authority that clients need a certificate of.
local function server_context(pair, versions, alpn, client_ca)
  local ctx = context.new("TLS", true)
  ctx:setCertificate(pair.cert)
  ctx:setPrivateKey(pair.key)
  if versions == "1.2" then
    ctx:setOptions(context.OP_NO_TLSv1_3)
  elseif versions == "old" then
    -- OpenSSL 3 has no cipher left for these versions above security level 0.
    ctx:setCipherList("ALL:@SECLEVEL=0")
    ctx:setOptions(context.OP_NO_TLSv1_2 | context.OP_NO_TLSv1_3)
  end
  if client_ca then
    ctx:setStore(store.new():add(client_ca))
    ctx:setVerify(context.VERIFY_PEER | context.VERIFY_FAIL_IF_NO_PEER_CERT)
  end
  if alpn then
    ctx:setAlpnSelect(function(_, offered)
      for _, protocol in ipairs(offered) do
        if protocol == alpn then return alpn end
      end
    end)
  end
  return ctx
end

return { make = make, server_context = server_context }
