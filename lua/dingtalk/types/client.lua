---@meta
--- The calls that dingtalk.calls makes from the rows of dingtalk.operations, as methods of a client; and
--- all calls as functions of the module. Nothing of this runs.

---@class dingtalk.Client
local client = {}

--- Everybody who is in an event.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.PageOptions?
---@return dingtalk.AttendeeList? result
---@return dingtalk.Error? err
function client:list_attendees(token, user, cal, event, opts) end

--- The same one by one, page by page: `for attendee, err in client:each_attendee(…)`. A failure is the last value: false and the error.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.PageOptions?
---@return fun(): dingtalk.Attendee|false|nil, dingtalk.Error? next
function client:each_attendee(token, user, cal, event, opts) end

--- Answers the invitation to an event.
---@param token dingtalk.Token
---@param user string unionId of the attendee who answers
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param responseStatus dingtalk.ResponseStatus
---@param opts dingtalk.WriteOptions?
---@return dingtalk.Result? result
---@return dingtalk.Error? err
function client:respond(token, user, cal, event, responseStatus, opts) end

--- The events of a calendar.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.EventListOptions?
---@return dingtalk.EventList? result
---@return dingtalk.Error? err
function client:list_events(token, user, cal, opts) end

--- The same one by one, page by page, as each_attendee does.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.EventListOptions?
---@return fun(): dingtalk.Event|false|nil, dingtalk.Error? next
function client:each_event(token, user, cal, opts) end

--- One event.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.GetEventOptions?
---@return dingtalk.EventResult? result
---@return dingtalk.Error? err
function client:get_event(token, user, cal, event, opts) end

--- Makes an event; result.event.id is its id.
---@param token dingtalk.Token
---@param user string unionId of its creator
---@param cal string? calendar id; nil means "primary"
---@param details dingtalk.EventDetails `summary` and `start` are required
---@param opts dingtalk.WriteOptions?
---@return dingtalk.EventResult? result
---@return dingtalk.Error? err
function client:create_event(token, user, cal, details, opts) end

--- Changes the given fields of an event. `attendees` replaces everybody who is in it.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param details dingtalk.EventDetails
---@param opts dingtalk.WriteOptions?
---@return dingtalk.EventResult? result
---@return dingtalk.Error? err
function client:update_event(token, user, cal, event, details, opts) end

--- Deletes an event.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.DeleteEventOptions?
---@return dingtalk.Result? result
---@return dingtalk.Error? err
function client:delete_event(token, user, cal, event, opts) end

---@class dingtalk.Calendar the module dingtalk.calendar: each call as a function that uses a default client
---@field add_attendees fun(token: dingtalk.Token, user: string, cal: string?, event: string, list: dingtalk.AttendeeToAdd[], opts: dingtalk.AddOptions?): dingtalk.AddResult?, dingtalk.Error?
---@field remove_attendees fun(token: dingtalk.Token, user: string, cal: string?, event: string, list: (string|{id: string})[], opts: dingtalk.RemoveOptions?): dingtalk.RemoveResult?, dingtalk.Error?
---@field add_attendees_each fun(token: dingtalk.Token, jobs: dingtalk.Job[]|(fun(): dingtalk.Job?), opts: dingtalk.BulkOptions?): dingtalk.BulkSummary?, dingtalk.Error?
---@field list_attendees fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.PageOptions?): dingtalk.AttendeeList?, dingtalk.Error?
---@field each_attendee fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.PageOptions?): fun(): dingtalk.Attendee|false|nil, dingtalk.Error?
---@field respond fun(token: dingtalk.Token, user: string, cal: string?, event: string, responseStatus: dingtalk.ResponseStatus, opts: dingtalk.WriteOptions?): dingtalk.Result?, dingtalk.Error?
---@field list_events fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.EventListOptions?): dingtalk.EventList?, dingtalk.Error?
---@field each_event fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.EventListOptions?): fun(): dingtalk.Event|false|nil, dingtalk.Error?
---@field get_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.GetEventOptions?): dingtalk.EventResult?, dingtalk.Error?
---@field create_event fun(token: dingtalk.Token, user: string, cal: string?, details: dingtalk.EventDetails, opts: dingtalk.WriteOptions?): dingtalk.EventResult?, dingtalk.Error?
---@field update_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, details: dingtalk.EventDetails, opts: dingtalk.WriteOptions?): dingtalk.EventResult?, dingtalk.Error?
---@field delete_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.DeleteEventOptions?): dingtalk.Result?, dingtalk.Error?
