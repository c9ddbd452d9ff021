// A token, people added, listed and removed, with the official SDK unchanged; prints what each gave as
// one JSON object. Usage: node journey.js http://host:port APP_KEY APP_SECRET USER EVENT PERSON

const OpenApi = require('@alicloud/openapi-client')
const Util = require('@alicloud/tea-util')
const calendar = require('@alicloud/dingtalk/calendar_1_0')
const oauth2 = require('@alicloud/dingtalk/oauth2_1_0')

const [address, appKey, appSecret, user, event, person] = process.argv.slice(2)

function client(product) {
  const config = new OpenApi.Config({ protocol: 'http' })
  config.endpoint = new URL(address).host
  return new product.default(config)
}

async function main() {
  const given = await client(oauth2).getAccessToken(new oauth2.GetAccessTokenRequest({ appKey, appSecret }))
  const runtime = new Util.RuntimeOptions({})
  const call = (name, request, headers) => {
    headers.xAcsDingtalkAccessToken = given.body.accessToken
    return client(calendar)[name](user, 'primary', event, request, headers, runtime)
  }
  const list = async () => {
    const answer = await call('listAttendeesWithOptions', new calendar.ListAttendeesRequest({ maxResults: 10 }),
      new calendar.ListAttendeesHeaders({}))
    return (answer.body.attendees || []).map(one => one.id)
  }
  const added = await call('addAttendeeWithOptions', new calendar.AddAttendeeRequest({
    attendeesToAdd: [new calendar.AddAttendeeRequestAttendeesToAdd({ id: person })],
  }), new calendar.AddAttendeeHeaders({}))
  const between = await list()
  const removed = await call('removeAttendeeWithOptions', new calendar.RemoveAttendeeRequest({
    attendeesToRemove: [new calendar.RemoveAttendeeRequestAttendeesToRemove({ id: person })],
  }), new calendar.RemoveAttendeeHeaders({}))
  console.log(JSON.stringify({ added: added.statusCode, between, removed: removed.statusCode, after: await list() }))
}

main().catch(error => {
  console.log(JSON.stringify({ error: String(error) }))
})
