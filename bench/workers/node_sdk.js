// The official Node SDK, as its users call it.
// usage: node_sdk.js URL CALLS ATTENDEES IN_FLIGHT
// NODE_PATH names the place of the packages, NODE_EXTRA_CA_CERTS the sandbox's CA.
const OpenApi = require('@alicloud/openapi-client')
const calendar = require('@alicloud/dingtalk/calendar_1_0')
const Util = require('@alicloud/tea-util')
const crypto = require('crypto')
const fs = require('fs')

const [url, calls, attendees, inFlight] = [process.argv[2], ...process.argv.slice(3).map(Number)]
const place = ['U5KPwll3QjgiG', 'primary', 'cnNTbW1YbU9sL2p6aFJZdEgvdlQrQT08']

function makeClient() {
  const { protocol, host } = new URL(url)
  const config = new OpenApi.Config({ protocol: protocol.replace(':', '') })
  config.endpoint = host
  return new calendar.default(config)
}

function makeList() {
  const list = []
  for (let i = 1; i <= attendees; i++) {
    const id = `iiStaff${String(i).padStart(5, '0')}SgjrwPRKgiEiE`
    list.push(new calendar.AddAttendeeRequestAttendeesToAdd({ id }))
  }
  return list
}

// A thousand TLS handshakes at once take longer than the SDK's own 3 seconds.
const options = new Util.RuntimeOptions({ connectTimeout: 60000, readTimeout: 60000 })
const client = makeClient()
const list = makeList()

async function call() {
  const headers = new calendar.AddAttendeeHeaders({ xAcsDingtalkAccessToken: 'dd43888e26953deead8cba556389b063' })
  headers.commonHeaders = { 'x-client-token': crypto.randomUUID() }
  const request = new calendar.AddAttendeeRequest({ attendeesToAdd: list })
  await client.addAttendeeWithOptions(...place, request, headers, options)
}

async function run(count) {
  let left = count
  const worker = async () => { while (left-- > 0) await call() }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

function kib(field) {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(fs.readFileSync('/proc/self/status', 'utf8'))[1])
}

async function main() {
  // A cold start is one call and no more.
  if (calls > 1) await run(Math.max(20, inFlight))
  const cpu = process.cpuUsage()
  const wall = process.hrtime.bigint()
  await run(calls)
  const { user, system } = process.cpuUsage(cpu)
  const elapsed = Number(process.hrtime.bigint() - wall) / 1e9
  console.log(`cpu=${(user + system) / 1e6} wall=${elapsed} resident=${kib('VmRSS')} peak=${kib('VmHWM')}`)
  process.exit(0)
}

main().catch(error => { console.error(error); process.exit(1) })
