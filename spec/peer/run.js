// Makes the calls that stand on stdin as a JSON array, with the official SDK unchanged, and prints
// an array of what became of each: "done", or the error's text.
// Usage: node run.js http://host:port <calls.json

const OpenApi = require('@alicloud/openapi-client')
const calendar = require('@alicloud/dingtalk/calendar_1_0')
const Util = require('@alicloud/tea-util')
const fs = require('fs')

async function call(client, given) {
  const headers = new calendar.AddAttendeeHeaders({ xAcsDingtalkAccessToken: given.token })
  headers.commonHeaders = { 'x-client-token': given.client_token }
  const request = new calendar.AddAttendeeRequest({
    attendeesToAdd: given.list.map(one => new calendar.AddAttendeeRequestAttendeesToAdd(one)),
    pushNotification: given.pushNotification,
    chatNotification: given.chatNotification,
  })
  try {
    await client.addAttendeeWithOptions(
      given.user, given.calendar, given.event, request, headers, new Util.RuntimeOptions({}))
    return 'done'
  } catch (error) {
    return String(error)
  }
}

async function main() {
  const config = new OpenApi.Config({ protocol: 'http' })
  config.endpoint = new URL(process.argv[2]).host
  const client = new calendar.default(config)
  const ends = []
  for (const given of JSON.parse(fs.readFileSync(0, 'utf8'))) ends.push(await call(client, given))
  console.log(JSON.stringify(ends))
}

main()
