---@meta
--- What the calls of dingtalk.calendar take and give. Nothing of this runs.
--- Each method of a client is a function of dingtalk.calendar, too, without the client.

---@alias dingtalk.Token string|dingtalk.TokenSource access token, or what gives one

---@class dingtalk.ReadOptions
---@field timeout number? seconds, the whole call (of an iterator: each page); 30
---@field max_attempts integer? requests made for one; 3

---@class dingtalk.WriteOptions: dingtalk.ReadOptions
---@field client_token string? sent as x-client-token: the service takes the same again as the same request, for a day

---@class dingtalk.RemoveOptions: dingtalk.WriteOptions
---@field concurrency integer? batches in flight; 1
---@field on_batch fun(info: dingtalk.BatchInfo)? told of the end of each batch
---@field checkpoint fun(left: dingtalk.Resume): boolean?, string? told before each request is sent and after it ended
--- what opts.resume should be if the process ended now: to be kept outside the process. A batch is not sent when
--- this raises, or returns nil or false and a message.
---@field resume dingtalk.Resume? err.resume of an earlier call with the same arguments, or what checkpoint was told
---@field confirm boolean? reads the attendee list back: a result then means that it shows what was asked. Has 5
--- seconds of its own where `timeout` is used up. Counts as calls: one for each 500 people in the event, read up to 3 times

---@class dingtalk.AddOptions: dingtalk.RemoveOptions
---@field pushNotification boolean?
---@field chatNotification boolean?

---@class dingtalk.Batch a request of a batched call
---@field first integer position in the list
---@field last integer position in the list
---@field status integer? nil where its own answer was lost and the attendee list shows that it was done
---@field settled boolean? true then
---@field request_id string?
---@field attempts integer
---@field client_token string
---@field elapsed number seconds

---@class dingtalk.BatchInfo: dingtalk.Batch
---@field batch integer its number, from 1
---@field batches integer how many there are
---@field added integer? of add_attendees: accepted so far by this call
---@field removed integer? of remove_attendees
---@field before integer accepted by the earlier calls that opts.resume tells of
---@field total integer attendees of the list, each counted once
---@field error dingtalk.Error?

---@class dingtalk.Result what every result says
---@field status integer? HTTP status of the answer, the last one where there are several
---@field request_id string? the service's id of the request
---@field attempts integer requests made
---@field client_token string? of a write
---@field elapsed number? seconds
---@field hook_error string? what a hook raised

---@class dingtalk.AddResult: dingtalk.Result
---@field added integer attendees the service accepted in this call
---@field batches dingtalk.Batch[]
---@field confirmed dingtalk.Confirmed? with opts.confirm

---@class dingtalk.RemoveResult: dingtalk.Result
---@field removed integer attendees whose removal the service accepted in this call
---@field batches dingtalk.Batch[]
---@field confirmed dingtalk.Confirmed? with opts.confirm

---@class dingtalk.PageOptions: dingtalk.ReadOptions
---@field maxResults integer? entries of one page; as many as the service allows: 500 attendees, 100 events
---@field nextToken string? where to begin: of an earlier result
---@field max_pages integer? pages to read at most; the result's nextToken is then where to go on

---@class dingtalk.Attendee
---@field id string unionId
---@field displayName string?
---@field responseStatus "needsAction"|"accepted"|"declined"|"tentative"
---@field self boolean? whether it is the user of the call
---@field isOptional boolean?

---@class dingtalk.AttendeeList: dingtalk.Result
---@field attendees dingtalk.Attendee[]
---@field pages integer
---@field nextToken string? only where opts.max_pages ended it

---@class dingtalk.EventListOptions: dingtalk.PageOptions
---@field timeMin string? ISO 8601 with zone: events that end after it
---@field timeMax string? ISO 8601 with zone: events that begin before it, at most a year after timeMin
---@field maxAttendees integer? attendees given with each event, 1 to 500
---@field syncToken string? of an earlier result: only what has changed since
---@field seriesMasterId string? only the events of this series
---@field showDeleted boolean?

---@class dingtalk.EventList: dingtalk.Result
---@field events dingtalk.Event[]
---@field pages integer
---@field nextToken string? only where opts.max_pages ended it
---@field syncToken string? for opts.syncToken of the next time

---@class dingtalk.EventTime
---@field dateTime string? ISO 8601 with zone
---@field date string? of an event of whole days
---@field timeZone string?

---@class dingtalk.EventDetails the API's own fields
---@field summary string? the title; required to create an event
---@field start dingtalk.EventTime? required to create an event
---@field end dingtalk.EventTime?
---@field isAllDay boolean?
---@field description string?
---@field richTextDescription table?
---@field attendees (string|{id: string, isOptional: boolean?})[]? up to 500
---@field location {displayName: string}?
---@field reminders {method: string, minutes: integer}[]?
---@field recurrence table?
---@field onlineMeetingInfo {type: string}?
---@field freeBusyStatus string?
---@field categories table[]?
---@field cardInstances table[]?
---@field extra table<string, string>?
---@field uiConfigs table[]?

---@class dingtalk.Event: dingtalk.EventDetails what the service says of an event; JSON's null is nil
---@field id string
---@field status "confirmed"|"cancelled"
---@field organizer table?
---@field createTime string?
---@field updateTime string?

---@class dingtalk.EventResult: dingtalk.Result
---@field event dingtalk.Event

---@class dingtalk.GetEventOptions: dingtalk.ReadOptions
---@field maxAttendees integer? attendees given with the event, 1 to 500

---@class dingtalk.DeleteEventOptions: dingtalk.WriteOptions
---@field pushNotification boolean?

---@class dingtalk.Client
--- Everybody who is in an event.
---@field list_attendees fun(self, token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.PageOptions?): dingtalk.AttendeeList?, dingtalk.Error?
--- The same one by one, page by page: `for attendee, err in client:each_attendee(…)`. A failure is the last value: false and the error.
---@field each_attendee fun(self, token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.PageOptions?): fun(): dingtalk.Attendee|false|nil, dingtalk.Error?
--- Answers the invitation to an event; `user` is the attendee who answers.
---@field respond fun(self, token: dingtalk.Token, user: string, cal: string?, event: string, responseStatus: "needsAction"|"accepted"|"declined"|"tentative", opts: dingtalk.WriteOptions?): dingtalk.Result?, dingtalk.Error?
--- The events of a calendar.
---@field list_events fun(self, token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.EventListOptions?): dingtalk.EventList?, dingtalk.Error?
--- The same one by one, as each_attendee does.
---@field each_event fun(self, token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.EventListOptions?): fun(): dingtalk.Event|false|nil, dingtalk.Error?
--- One event.
---@field get_event fun(self, token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.GetEventOptions?): dingtalk.EventResult?, dingtalk.Error?
--- A new event; result.event.id is its id.
---@field create_event fun(self, token: dingtalk.Token, user: string, cal: string?, details: dingtalk.EventDetails, opts: dingtalk.WriteOptions?): dingtalk.EventResult?, dingtalk.Error?
--- Changes the given fields of an event. `attendees` replaces everybody who is in it.
---@field update_event fun(self, token: dingtalk.Token, user: string, cal: string?, event: string, details: dingtalk.EventDetails, opts: dingtalk.WriteOptions?): dingtalk.EventResult?, dingtalk.Error?
--- Ends an event.
---@field delete_event fun(self, token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.DeleteEventOptions?): dingtalk.Result?, dingtalk.Error?
