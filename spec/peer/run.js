// Makes the calls that stand on stdin as a JSON array, with the official SDK unchanged, and prints
// an array of what became of each: { end: "done", or the error's text; unset: the SDK's fields that it left out }.
// Usage: node run.js http://host:port <calls.json
// A call: { vendor: the operation's name in the SDK, ids: by the SDK's names, fields: of query and body,
//           token, client_token (sent where the SDK knows one) }

const OpenApi = require('@alicloud/openapi-client')
const Tea = require('@alicloud/tea-typescript')
const Util = require('@alicloud/tea-util')
const calendar = require('@alicloud/dingtalk/calendar_1_0')
const fs = require('fs')

// The names of a function's parameters.
function parameters (method) {
  return method.toString().match(/\(([^)]*)\)/)[1].split(',').map(name => name.trim())
}

// The fields of a model of the SDK that a value does not set, by their path.
function unset (value, Model, path) {
  if (!Model || typeof Model.names !== 'function') return []
  const found = []
  for (const name of Object.keys(Model.names())) {
    const type = Model.types()[name]
    const here = path ? path + '.' + name : name
    if (value[name] === undefined) found.push(here)
    else if (type.type === 'array') found.push(...unset(value[name][0], type.itemType, here))
    else found.push(...unset(value[name], type, here))
  }
  return found
}

async function call (client, given) {
  const method = client[given.vendor + 'WithOptions']
  const Name = given.vendor[0].toUpperCase() + given.vendor.slice(1)
  const headers = new calendar[Name + 'Headers']({ xAcsDingtalkAccessToken: given.token })
  if ('xClientToken' in calendar[Name + 'Headers'].names()) headers.xClientToken = given.client_token
  const values = { headers, runtime: new Util.RuntimeOptions({}) }
  const Request = calendar[Name + 'Request']
  if (Request) values.request = Tea.cast(given.fields, new Request({}))
  try {
    await method.apply(client, parameters(method).map(name => values[name] || given.ids[name]))
    return { end: 'done', unset: Request ? unset(given.fields, Request, '') : [] }
  } catch (error) {
    return { end: String(error), unset: Request ? unset(given.fields, Request, '') : [] }
  }
}

async function main () {
  const config = new OpenApi.Config({ protocol: 'http' })
  config.endpoint = new URL(process.argv[2]).host
  const client = new calendar.default(config)
  const ends = []
  for (const given of JSON.parse(fs.readFileSync(0, 'utf8'))) ends.push(await call(client, given))
  console.log(JSON.stringify(ends))
}

main()
