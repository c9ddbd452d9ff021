---@meta
--- The calls that are made from the rows of the table of operations, as methods of a client; and all calls as
--- functions of the module. Written by `tools/docs write`. Nothing of this runs.

---@class dingtalk.Client
local client = {}

---@alias dingtalk.ResponseStatus "accepted"|"declined"|"needsAction"|"tentative"

---@class dingtalk.Attendee
---@field displayName string?
---@field id string unionId
---@field isOptional boolean?
---@field responseStatus dingtalk.ResponseStatus?
---@field self boolean? whether it is the user of the call

---@class dingtalk.ListAttendeesOptions: dingtalk.PageOptions
---@field maxResults integer? people of one page; 500

---@class dingtalk.ListAttendeesResult: dingtalk.Result
---@field attendees dingtalk.Attendee[]
---@field pages integer read
---@field nextToken string? only where opts.max_pages ended it

--- Everybody who is in an event. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/get-the-participants-of-a-schedule).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ListAttendeesOptions?
---@return dingtalk.ListAttendeesResult? result
---@return dingtalk.Error? err
function client:list_attendees(token, user, cal, event, opts) end

--- The same as list_attendees, one by one, page by page: `for one, err in client:each_attendee(…)`. A failure is the last value: false and the error. The iterator's fields tell what the pages said.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ListAttendeesOptions?
---@return (fun(): dingtalk.Attendee|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead next
function client:each_attendee(token, user, cal, event, opts) end

--- Answers the invitation to an event. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/configure-response-status).
---@param token dingtalk.Token
---@param user string unionId of the attendee who answers
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param responseStatus dingtalk.ResponseStatus
---@param opts dingtalk.WriteOptions?
---@return dingtalk.Result? result
---@return dingtalk.Error? err
function client:respond(token, user, cal, event, responseStatus, opts) end

---@class dingtalk.EventTime
---@field date string? of an event of whole days, like `2030-01-15`; the end is the day after the last
---@field dateTime string? ISO 8601 with zone, like `2030-01-15T10:00:00+08:00`
---@field timeZone string? like `Asia/Shanghai`; the end's is that of the start

---@class dingtalk.Location
---@field displayName string?
---@field meetingRooms string[]? ids of rooms

---@class dingtalk.EventRoom
---@field displayName string?
---@field responseStatus string?
---@field roomId string?

---@class dingtalk.OnlineMeeting given in a change, a new meeting replaces the old
---@field conferenceId string? of answers
---@field extraInfo table<string, any>? of answers
---@field type string? `dingtalk`
---@field url string? of answers

---@class dingtalk.Recurrence
---@field pattern {dayOfMonth: integer?, daysOfWeek: string?, firstDayOfWeek: string?, index: string?, interval: integer?, type: string?}?
---@field range {endDate: string?, numberOfOccurrences: integer?, type: string?}?

---@class dingtalk.ReminderRead
---@field method string?
---@field minutes string? digits

---@class dingtalk.Event what the service says of an event; JSON's null is nil
---@field attendees dingtalk.Attendee[]?
---@field cardInstances {outTrackId: string?, scenario: string?}[]?
---@field categories {categoryId: string?, displayName: string?}[]?
---@field createTime string? ISO 8601
---@field description string?
---@field end dingtalk.EventTime?
---@field extendedProperties {privateProperties: {dingtalkDetailUrl: string?}?, sharedProperties: {belongCorpId: string?, sourceOpenCid: string?}?}?
---@field freeBusyStatus string?
---@field id string
---@field isAllDay boolean?
---@field location dingtalk.Location?
---@field meetingRooms dingtalk.EventRoom[]?
---@field onlineMeetingInfo dingtalk.OnlineMeeting? given in a change, a new meeting replaces the old
---@field organizer dingtalk.Attendee?
---@field originStart dingtalk.EventTime? of a moved instance: where it was
---@field recurrence dingtalk.Recurrence?
---@field reminders dingtalk.ReminderRead[]?
---@field richTextDescription {text: string?}?
---@field seriesMasterId string? of an instance: the event that it repeats
---@field start dingtalk.EventTime?
---@field status ("cancelled"|"confirmed")?
---@field summary string? the title
---@field uiConfigs {uiName: string?, uiStatus: string?}[]?
---@field updateTime string? ISO 8601

---@class dingtalk.ListEventsOptions: dingtalk.PageOptions
---@field timeMin string? ISO 8601 with zone: events that start then or later
---@field timeMax string? ISO 8601 with zone: events that start then or earlier, at most a year after timeMin
---@field maxResults integer? events of one page; 100
---@field maxAttendees integer? attendees given with each event; 100
---@field syncToken string? of an earlier result: only what has changed since; not with timeMax
---@field seriesMasterId string? only the events of this series
---@field showDeleted boolean? also events that were deleted

---@class dingtalk.ListEventsResult: dingtalk.Result
---@field events dingtalk.Event[]
---@field syncToken string? for opts.syncToken of the next time
---@field pages integer read
---@field nextToken string? only where opts.max_pages ended it

--- The events of a calendar by their start. Of a series it has past instances and no future ones: list_events_view and list_instances have those. A syncToken comes with the last page, unless timeMax is given. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/query-an-event-list).
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ListEventsOptions?
---@return dingtalk.ListEventsResult? result
---@return dingtalk.Error? err
function client:list_events(token, user, cal, opts) end

--- The same as list_events, one by one, page by page: `for one, err in client:each_event(…)`. A failure is the last value: false and the error. The iterator's fields tell what the pages said.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ListEventsOptions?
---@return (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead next
function client:each_event(token, user, cal, opts) end

---@class dingtalk.ListEventsViewOptions: dingtalk.PageOptions
---@field timeMin string? ISO 8601 with zone: events that end then or later
---@field timeMax string? ISO 8601 with zone: events that start before
---@field maxResults integer? events of one page; 100
---@field maxAttendees integer? attendees given with each event; 100

---@class dingtalk.ListEventsViewResult: dingtalk.Result
---@field events dingtalk.Event[]
---@field pages integer read
---@field nextToken string? only where opts.max_pages ended it

--- The events of a calendar that overlap a span of time, each instance of a series by itself. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/query-schedule-view).
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ListEventsViewOptions?
---@return dingtalk.ListEventsViewResult? result
---@return dingtalk.Error? err
function client:list_events_view(token, user, cal, opts) end

--- The same as list_events_view, one by one, page by page: `for one, err in client:each_event_in_view(…)`. A failure is the last value: false and the error. The iterator's fields tell what the pages said.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ListEventsViewOptions?
---@return (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead next
function client:each_event_in_view(token, user, cal, opts) end

---@class dingtalk.ListEventsViewByMeOptions: dingtalk.PageOptions
---@field timeMin string? ISO 8601 with zone: events that end then or later
---@field timeMax string? ISO 8601 with zone: events that start before
---@field maxResults integer? events of one page; 100
---@field maxAttendees integer? attendees given with each event; 100

---@class dingtalk.ListEventsViewByMeResult: dingtalk.Result
---@field events dingtalk.Event[]
---@field pages integer read
---@field nextToken string? only where opts.max_pages ended it

--- As list_events_view, of the user whose token it is. On no page of the vendor's: its SDKs have it as `listEventsViewByMe`.
---@param token dingtalk.Token
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ListEventsViewByMeOptions?
---@return dingtalk.ListEventsViewByMeResult? result
---@return dingtalk.Error? err
function client:list_events_view_by_me(token, cal, opts) end

--- The same as list_events_view_by_me, one by one, page by page: `for one, err in client:each_event_in_view_by_me(…)`. A failure is the last value: false and the error. The iterator's fields tell what the pages said.
---@param token dingtalk.Token
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ListEventsViewByMeOptions?
---@return (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead next
function client:each_event_in_view_by_me(token, cal, opts) end

---@class dingtalk.GetEventOptions: dingtalk.ReadOptions
---@field maxAttendees integer? attendees given with the event; 100

---@class dingtalk.EventResult: dingtalk.Result
---@field event dingtalk.Event what the service says of an event; JSON's null is nil

--- One event. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/query-details-about-an-event).
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar holds it
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.GetEventOptions?
---@return dingtalk.EventResult? result
---@return dingtalk.Error? err
function client:get_event(token, user, cal, event, opts) end

---@class dingtalk.Reminder
---@field method string? `dingtalk`
---@field minutes integer? before the start

---@class dingtalk.EventDetails the API's own fields
---@field attendees (string|{id: string, isOptional: boolean?})[]? unionIds, or tables with id
---@field cardInstances {outTrackId: string?, scenario: string?}[]?
---@field categories {categoryId: string?, displayName: string?}[]?
---@field description string? plain text
---@field end dingtalk.EventTime
---@field extra table<string, string>? `noPushNotification`, `noChatNotification`: the texts `true` or `false`
---@field freeBusyStatus string? such as `busy`, `free`
---@field isAllDay boolean? then start and end have a date
---@field location dingtalk.Location?
---@field onlineMeetingInfo dingtalk.OnlineMeeting? given in a change, a new meeting replaces the old
---@field recurrence dingtalk.Recurrence?
---@field reminders dingtalk.Reminder[]? without it 15 minutes before, empty for none
---@field richTextDescription {text: string?}?
---@field start dingtalk.EventTime
---@field summary string the title
---@field uiConfigs {uiName: string?, uiStatus: string?}[]?

--- Makes an event; result.event.id is its id. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/create-schedule).
---@param token dingtalk.Token
---@param user string unionId of its creator
---@param cal string? calendar id; nil means "primary"
---@param details dingtalk.EventDetails
---@param opts dingtalk.WriteOptions?
---@return dingtalk.EventResult? result
---@return dingtalk.Error? err
function client:create_event(token, user, cal, details, opts) end

---@class dingtalk.MyEventDetails
---@field attendees (string|{id: string, isOptional: boolean?})[]? unionIds, or tables with id
---@field description string? plain text
---@field end dingtalk.EventTime?
---@field extra table<string, string>? `noPushNotification`, `noChatNotification`: the texts `true` or `false`
---@field isAllDay boolean? then start and end have a date
---@field location dingtalk.Location?
---@field onlineMeetingInfo dingtalk.OnlineMeeting? given in a change, a new meeting replaces the old
---@field recurrence dingtalk.Recurrence?
---@field reminders dingtalk.Reminder[]? without it 15 minutes before, empty for none
---@field richTextDescription {text: string?}?
---@field start dingtalk.EventTime
---@field summary string the title
---@field uiConfigs {uiName: string?, uiStatus: string?}[]?

--- As create_event, for the user whose token it is. On no page of the vendor's: its SDKs have it as `createEventByMe`.
---@param token dingtalk.Token
---@param cal string? calendar id; nil means "primary"
---@param details dingtalk.MyEventDetails
---@param opts dingtalk.WriteOptions?
---@return dingtalk.EventResult? result
---@return dingtalk.Error? err
function client:create_event_by_me(token, cal, details, opts) end

---@class dingtalk.EventChanges
---@field attendees (string|{email: string?, id: string?, isOptional: boolean?})[]? replaces everybody who is in it
---@field cardInstances {outTrackId: string?, scenario: string?}[]?
---@field categories {categoryId: string?, displayName: string?}[]?
---@field description string? plain text
---@field end dingtalk.EventTime?
---@field extra table<string, string>? `noPushNotification`, `noChatNotification`: the texts `true` or `false`
---@field freeBusyStatus string? such as `busy`, `free`
---@field id string the event's id, sent whether it is given or not
---@field isAllDay boolean? then start and end have a date
---@field location dingtalk.Location?
---@field onlineMeetingInfo dingtalk.OnlineMeeting? given in a change, a new meeting replaces the old
---@field recurrence dingtalk.Recurrence?
---@field reminders dingtalk.Reminder[]? without it 15 minutes before, empty for none
---@field richTextDescription {text: string?}?
---@field start dingtalk.EventTime?
---@field summary string? the title
---@field uiConfigs {uiName: string, uiStatus: string}[]?

--- Changes the given fields of an event. `attendees` replaces everybody who is in it. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/modify-event).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param details dingtalk.EventChanges
---@param opts dingtalk.WriteOptions?
---@return dingtalk.EventResult? result
---@return dingtalk.Error? err
function client:update_event(token, user, cal, event, details, opts) end

---@class dingtalk.DeleteEventOptions: dingtalk.WriteOptions
---@field pushNotification boolean? the API's own; its default is not documented

--- Deletes an event: for all where user is its creator, who are notified; else from this attendee's calendar. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/delete-event).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.DeleteEventOptions?
---@return dingtalk.Result? result
---@return dingtalk.Error? err
function client:delete_event(token, user, cal, event, opts) end

---@class dingtalk.CancelEventOptions: dingtalk.WriteOptions
---@field scope string? the API's own; its values are not documented

---@class dingtalk.CancelEventResult: dingtalk.Result
---@field result boolean?

--- Cancels an event. On no page of the vendor's: its SDKs have it as `cancelEvent`.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.CancelEventOptions?
---@return dingtalk.CancelEventResult? result
---@return dingtalk.Error? err
function client:cancel_event(token, user, cal, event, opts) end

---@class dingtalk.TransferDetails
---@field isExitCalendar boolean? whether the old organizer leaves the event
---@field needNotifyViaO2O boolean? whether to notify in a single chat
---@field newOrganizerId string unionId

---@class dingtalk.TransferEventResult: dingtalk.Result
---@field result boolean?

--- Makes someone else the organizer of an event. On no page of the vendor's: its SDKs have it as `transferEvent`.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param details dingtalk.TransferDetails
---@param opts dingtalk.WriteOptions?
---@return dingtalk.TransferEventResult? result
---@return dingtalk.Error? err
function client:transfer_event(token, user, cal, event, details, opts) end

---@class dingtalk.ListInstancesOptions: dingtalk.PageOptions
---@field timeMin string? ISO 8601 with zone: events that end then or later
---@field timeMax string? ISO 8601 with zone: events that start before
---@field maxResults integer? events of one page; 100
---@field maxAttendees integer? attendees given with each event; 100

---@class dingtalk.ListInstancesResult: dingtalk.Result
---@field events dingtalk.Event[]
---@field pages integer read
---@field nextToken string? only where opts.max_pages ended it

--- The instances of a series, by the event that it repeats. On no page of the vendor's: its SDKs have it as `listInstances`.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar holds it
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ListInstancesOptions?
---@return dingtalk.ListInstancesResult? result
---@return dingtalk.Error? err
function client:list_instances(token, user, cal, event, opts) end

--- The same as list_instances, one by one, page by page: `for one, err in client:each_instance(…)`. A failure is the last value: false and the error. The iterator's fields tell what the pages said.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar holds it
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ListInstancesOptions?
---@return (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead next
function client:each_instance(token, user, cal, event, opts) end

---@class dingtalk.ListEventsInstancesOptions: dingtalk.ReadOptions
---@field seriesMasterId string the event that is repeated
---@field startRecurrenceId string? the instance to begin with
---@field maxResults integer? events of one page; 100
---@field maxAttendees integer? attendees given with each event; 100

---@class dingtalk.ListEventsInstancesResult: dingtalk.Result
---@field events dingtalk.Event[]

--- The stored instances of a series, from startRecurrenceId on: at most 100, without pages. On no page of the vendor's: its SDKs have it as `listEventsInstances`.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ListEventsInstancesOptions?
---@return dingtalk.ListEventsInstancesResult? result
---@return dingtalk.Error? err
function client:list_events_instances(token, user, cal, opts) end

---@class dingtalk.ConvertLegacyEventIdsResult: dingtalk.Result
---@field legacyEventIdMap table<string, any>? new ids by the old ones

--- Ids of the older calendar API as ids of this one. On no page of the vendor's: its SDKs have it as `convertLegacyEventId`.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param legacyEventIds string[] ids
---@param opts dingtalk.ReadOptions?
---@return dingtalk.ConvertLegacyEventIdsResult? result
---@return dingtalk.Error? err
function client:convert_legacy_event_ids(token, user, legacyEventIds, opts) end

---@class dingtalk.ScheduleQuestion
---@field endTime string ISO 8601, as startTime
---@field startTime string ISO 8601 with milliseconds and zone, like `2030-01-15T10:00:00.000+08:00`
---@field userIds string[] unionIds, up to 20

---@class dingtalk.UserSchedule
---@field error string? why nothing is known of this user
---@field scheduleItems {end: dingtalk.EventTime?, start: dingtalk.EventTime?, status: string?}[]?
---@field userId string? unionId

---@class dingtalk.GetScheduleResult: dingtalk.Result
---@field scheduleInformation dingtalk.UserSchedule[]

--- When people are busy. Needs the permission `Calendar.EventSchedule.Read`. [The vendor's page](https://open.dingtalk.com/document/development/free-schedule).
---@param token dingtalk.Token
---@param user string unionId of the user who asks
---@param details dingtalk.ScheduleQuestion
---@param opts dingtalk.ReadOptions?
---@return dingtalk.GetScheduleResult? result
---@return dingtalk.Error? err
function client:get_schedule(token, user, details, opts) end

---@class dingtalk.GetScheduleByMeResult: dingtalk.Result
---@field scheduleInformation dingtalk.UserSchedule[]

--- As get_schedule, asked by the user whose token it is. On no page of the vendor's: its SDKs have it as `getScheduleByMe`.
---@param token dingtalk.Token
---@param details dingtalk.ScheduleQuestion
---@param opts dingtalk.ReadOptions?
---@return dingtalk.GetScheduleByMeResult? result
---@return dingtalk.Error? err
function client:get_schedule_by_me(token, details, opts) end

---@class dingtalk.RoomQuestion
---@field endTime string ISO 8601, as startTime
---@field roomIds string[] ids of rooms, up to 5 advised
---@field startTime string ISO 8601 with milliseconds and zone, like `2030-01-15T10:00:00.000+08:00`

---@class dingtalk.RoomSchedule
---@field error string? why nothing is known of this room
---@field roomId string?
---@field scheduleItems {end: dingtalk.EventTime?, eventId: string?, organizer: {id: string?}?, start: dingtalk.EventTime?, status: string?}[]?

---@class dingtalk.GetMeetingRoomsScheduleResult: dingtalk.Result
---@field scheduleInformation dingtalk.RoomSchedule[]

--- When meeting rooms are booked, over at most 90 days. Not for personal apps. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/queries-free-and-busy-meeting-room-information).
---@param token dingtalk.Token
---@param user string unionId of the user who asks
---@param details dingtalk.RoomQuestion
---@param opts dingtalk.ReadOptions?
---@return dingtalk.GetMeetingRoomsScheduleResult? result
---@return dingtalk.Error? err
function client:get_meeting_rooms_schedule(token, user, details, opts) end

---@class dingtalk.AddMeetingRoomsResult: dingtalk.Result
---@field result boolean?

--- Books meeting rooms for an event, which has at most 5. Not for personal apps. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/add-a-meeting-room).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param rooms (string|{roomId: string})[] ids, or tables with roomId; up to 5
---@param opts dingtalk.WriteOptions?
---@return dingtalk.AddMeetingRoomsResult? result
---@return dingtalk.Error? err
function client:add_meeting_rooms(token, user, cal, event, rooms, opts) end

---@class dingtalk.RemoveMeetingRoomsResult: dingtalk.Result
---@field result boolean?

--- Gives an event's meeting rooms back. Not for personal apps. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/remove-a-meeting-room).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param rooms (string|{roomId: string})[] ids, or tables with roomId; up to 5
---@param opts dingtalk.WriteOptions?
---@return dingtalk.RemoveMeetingRoomsResult? result
---@return dingtalk.Error? err
function client:remove_meeting_rooms(token, user, cal, event, rooms, opts) end

---@class dingtalk.RespondMeetingRoomResult: dingtalk.Result
---@field result boolean?

--- Answers an event's booking of a meeting room. On no page of the vendor's: its SDKs have it as `meetingRoomRespond`.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param room string the room's id
---@param responseStatus string its values are not documented; rooms answer `accepted`, `tentative`, `declined`
---@param opts dingtalk.WriteOptions?
---@return dingtalk.RespondMeetingRoomResult? result
---@return dingtalk.Error? err
function client:respond_meeting_room(token, user, cal, event, room, responseStatus, opts) end

---@class dingtalk.CalendarEntry
---@field description string?
---@field eTag string?
---@field id string
---@field privilege ("free_busy_reader"|"owner"|"reader"|"title_reader"|"writer")?
---@field summary string?
---@field timeZone string?
---@field type ("primary"|"shared"|"subscribed"|"unknown")?

---@class dingtalk.ListCalendarsResult: dingtalk.Result
---@field calendars dingtalk.CalendarEntry[]

--- The calendars of a user. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/query-a-calendar).
---@param token dingtalk.Token
---@param user string unionId of the user whose calendars they are
---@param opts dingtalk.ReadOptions?
---@return dingtalk.ListCalendarsResult? result
---@return dingtalk.Error? err
function client:list_calendars(token, user, opts) end

---@class dingtalk.ListCategoriesResult: dingtalk.Result
---@field categories {displayName: string?, openCategoryId: string?}[]

--- The categories of events: openCategoryId is the categoryId of an event. On no page of the vendor's: its SDKs have it as `listCategories`.
---@param token dingtalk.Token
---@param opts dingtalk.ReadOptions?
---@return dingtalk.ListCategoriesResult? result
---@return dingtalk.Error? err
function client:list_categories(token, opts) end

---@class dingtalk.SubscribeScope
---@field corpIds string[]? organisations
---@field openConversationIds string[]? group chats
---@field unionIds string[]? people

---@class dingtalk.SubscribedCalendarDetails
---@field description string?
---@field managers string[]? unionIds
---@field name string
---@field subscribeScope dingtalk.SubscribeScope

---@class dingtalk.CreateSubscribedCalendarResult: dingtalk.Result
---@field calendarId string?

--- Makes a calendar that others subscribe to. The user must be in the scope. Needs the permission `Calendar.Calendar.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/create-subscription-calendar).
---@param token dingtalk.Token
---@param user string unionId of its creator
---@param details dingtalk.SubscribedCalendarDetails
---@param opts dingtalk.ReadOptions?
---@return dingtalk.CreateSubscribedCalendarResult? result
---@return dingtalk.Error? err
function client:create_subscribed_calendar(token, user, details, opts) end

---@class dingtalk.GetSubscribedCalendarResult: dingtalk.Result
---@field author string? unionId
---@field calendarId string?
---@field description string?
---@field managers string[] unionIds
---@field name string?
---@field subscribeScope dingtalk.SubscribeScope?

--- A calendar that others subscribe to. Needs the permission `Calendar.Calendar.Read`. [The vendor's page](https://open.dingtalk.com/document/development/query-a-single-subscription-calendar).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param calendar string calendar id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.GetSubscribedCalendarResult? result
---@return dingtalk.Error? err
function client:get_subscribed_calendar(token, user, calendar, opts) end

---@class dingtalk.SubscribedCalendarChanges
---@field description string?
---@field managers string[]? unionIds
---@field name string?
---@field subscribeScope dingtalk.SubscribeScope?

---@class dingtalk.UpdateSubscribedCalendarResult: dingtalk.Result
---@field result boolean?

--- Changes the given fields of a calendar that others subscribe to. Needs the permission `Calendar.Calendar.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/update-subscription-calendar).
---@param token dingtalk.Token
---@param user string unionId of its creator
---@param calendar string calendar id
---@param details dingtalk.SubscribedCalendarChanges
---@param opts dingtalk.ReadOptions?
---@return dingtalk.UpdateSubscribedCalendarResult? result
---@return dingtalk.Error? err
function client:update_subscribed_calendar(token, user, calendar, details, opts) end

---@class dingtalk.DeleteSubscribedCalendarResult: dingtalk.Result
---@field result boolean?

--- Deletes a calendar that others subscribe to. Needs the permission `Calendar.Calendar.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/delete-subscription-calendar).
---@param token dingtalk.Token
---@param user string unionId of its creator
---@param calendar string calendar id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.DeleteSubscribedCalendarResult? result
---@return dingtalk.Error? err
function client:delete_subscribed_calendar(token, user, calendar, opts) end

--- Subscribes a user to a calendar. Needs the permission `Calendar.Calendar.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/subscribe-to-a-public-calendar).
---@param token dingtalk.Token
---@param user string unionId of the subscriber
---@param calendar string calendar id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.Result? result
---@return dingtalk.Error? err
function client:subscribe_calendar(token, user, calendar, opts) end

---@class dingtalk.UnsubscribeCalendarResult: dingtalk.Result
---@field result boolean?

--- Ends a user's subscription of a calendar. Needs the permission `Calendar.Calendar.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/unsubscribe-from-a-public-calendar).
---@param token dingtalk.Token
---@param user string unionId of the subscriber
---@param calendar string calendar id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.UnsubscribeCalendarResult? result
---@return dingtalk.Error? err
function client:unsubscribe_calendar(token, user, calendar, opts) end

---@class dingtalk.Acl
---@field aclId string?
---@field privilege ("free_busy_reader"|"reader"|"title_reader"|"writer")?
---@field scope {scopeType: string, userId: string}?

---@class dingtalk.ListAclsResult: dingtalk.Result
---@field acls dingtalk.Acl[]

--- Who may see a calendar. For internal and personal apps. Needs the permission `Calendar.Acl.Read`. [The vendor's page](https://open.dingtalk.com/document/development/obtain-the-access-control-list-of-the-calendar).
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param opts dingtalk.ReadOptions?
---@return dingtalk.ListAclsResult? result
---@return dingtalk.Error? err
function client:list_acls(token, user, cal, opts) end

---@class dingtalk.AclDetails
---@field privilege ("free_busy_reader"|"reader"|"title_reader"|"writer")
---@field scope {scopeType: string, userId: string}
---@field sendMsg boolean whether to notify the person

---@class dingtalk.CreateAclResult: dingtalk.Result
---@field aclId string?
---@field privilege ("free_busy_reader"|"reader"|"title_reader"|"writer")?
---@field scope {scopeType: string, userId: string}?

--- Lets someone see a calendar. For internal and personal apps. Needs the permission `Calendar.Acl.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/create-schedule-access-control).
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param details dingtalk.AclDetails
---@param opts dingtalk.ReadOptions?
---@return dingtalk.CreateAclResult? result
---@return dingtalk.Error? err
function client:create_acl(token, user, cal, details, opts) end

--- Takes access to a calendar back. For internal and personal apps. Needs the permission `Calendar.Acl.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/delete-an-access-control-list).
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param cal string? calendar id; nil means "primary"
---@param acl string aclId of list_acls
---@param opts dingtalk.ReadOptions?
---@return dingtalk.Result? result
---@return dingtalk.Error? err
function client:delete_acl(token, user, cal, acl, opts) end

---@class dingtalk.GenerateCaldavAccountResult: dingtalk.Result
---@field password string?
---@field serverAddress string?
---@field username string?

--- Makes an account for a CalDAV program. The result holds its password. The service knows no x-client-token for it: it is sent again only where nothing was done. On no page of the vendor's: its SDKs have it as `generateCaldavAccount`.
---@param token dingtalk.Token
---@param user string unionId of the user whose calendar it is
---@param device string the device's name
---@param opts dingtalk.ReadOptions?
---@return dingtalk.GenerateCaldavAccountResult? result
---@return dingtalk.Error? err
function client:generate_caldav_account(token, user, device, opts) end

---@class dingtalk.SignInResult: dingtalk.Result
---@field checkInTime number? milliseconds since 1970

--- Signs an attendee in at an event. Needs the permission `Calendar.Event.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/sign-in-single-schedule-news).
---@param token dingtalk.Token
---@param user string unionId of the attendee
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.SignInResult? result
---@return dingtalk.Error? err
function client:sign_in(token, user, cal, event, opts) end

---@class dingtalk.SignOutResult: dingtalk.Result
---@field checkOutTime number? milliseconds since 1970

--- Signs an attendee out of an event. Needs the permission `Calendar.Event.Write`. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/sign-off-for-a-single-schedule).
---@param token dingtalk.Token
---@param user string unionId of the attendee
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.SignOutResult? result
---@return dingtalk.Error? err
function client:sign_out(token, user, cal, event, opts) end

---@class dingtalk.CheckInResult: dingtalk.Result
---@field checkInTime number? milliseconds since 1970

--- The older sign_in, which superseded it in 2022. The service knows no x-client-token for it: it is sent again only where nothing was done. [The vendor's page](https://open.dingtalk.com/document/development/sign-in-for-a-single-schedule).
---@param token dingtalk.Token
---@param user string unionId of the attendee
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.CheckInResult? result
---@return dingtalk.Error? err
function client:check_in(token, user, cal, event, opts) end

---@class dingtalk.GetSignInListOptions: dingtalk.PageOptions
---@field maxResults integer? people of one page; 200
---@field type ("check_in"|"not_yet_check_in"|"not_yet_sign_in"|"sign_in")

---@class dingtalk.GetSignInListResult: dingtalk.Result
---@field users {checkInTime: number?, displayName: string?, userId: string?}[]
---@field pages integer read
---@field nextToken string? only where opts.max_pages ended it

--- Who has signed in of an event, or has not. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/view-the-check-in-details-of-a-single-schedule).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.GetSignInListOptions?
---@return dingtalk.GetSignInListResult? result
---@return dingtalk.Error? err
function client:get_sign_in_list(token, user, cal, event, opts) end

--- The same as get_sign_in_list, one by one, page by page: `for one, err in client:each_sign_in(…)`. A failure is the last value: false and the error. The iterator's fields tell what the pages said.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.GetSignInListOptions?
---@return (fun(): {checkInTime: number?, displayName: string?, userId: string?}|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead next
function client:each_sign_in(token, user, cal, event, opts) end

---@class dingtalk.GetSignOutListOptions: dingtalk.PageOptions
---@field maxResults integer? people of one page; 200
---@field type ("not_yet_sign_out"|"sign_out")

---@class dingtalk.GetSignOutListResult: dingtalk.Result
---@field users {checkOutTime: number?, displayName: string?, userId: string?}[]
---@field pages integer read
---@field nextToken string? only where opts.max_pages ended it

--- Who has signed out of an event, or has not. Needs the permission `Calendar.Event.Read`. [The vendor's page](https://open.dingtalk.com/document/development/view-the-billing-details-of-a-single-schedule).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.GetSignOutListOptions?
---@return dingtalk.GetSignOutListResult? result
---@return dingtalk.Error? err
function client:get_sign_out_list(token, user, cal, event, opts) end

--- The same as get_sign_out_list, one by one, page by page: `for one, err in client:each_sign_out(…)`. A failure is the last value: false and the error. The iterator's fields tell what the pages said.
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.GetSignOutListOptions?
---@return (fun(): {checkOutTime: number?, displayName: string?, userId: string?}|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead next
function client:each_sign_out(token, user, cal, event, opts) end

---@class dingtalk.GetSignInLinkResult: dingtalk.Result
---@field signInLink string?

--- The link under which an event's attendees sign in. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/api-getsigninlink).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.GetSignInLinkResult? result
---@return dingtalk.Error? err
function client:get_sign_in_link(token, user, cal, event, opts) end

---@class dingtalk.GetSignOutLinkResult: dingtalk.Result
---@field signOutLink string?

--- The link under which an event's attendees sign out. Needs the permission `Calendar.Event.Write`. [The vendor's page](https://open.dingtalk.com/document/development/api-getsignoutlink).
---@param token dingtalk.Token
---@param user string unionId of the event's creator
---@param cal string? calendar id; nil means "primary"
---@param event string event id
---@param opts dingtalk.ReadOptions?
---@return dingtalk.GetSignOutLinkResult? result
---@return dingtalk.Error? err
function client:get_sign_out_link(token, user, cal, event, opts) end

---@class dingtalk.Calendar the module dingtalk.calendar: each call as a function that uses a default client
---@field add_attendees fun(token: dingtalk.Token, user: string, cal: string?, event: string, list: dingtalk.AttendeeToAdd[], opts: dingtalk.AddOptions?): dingtalk.AddResult?, dingtalk.Error?
---@field remove_attendees fun(token: dingtalk.Token, user: string, cal: string?, event: string, list: (string|{id: string})[], opts: dingtalk.RemoveOptions?): dingtalk.RemoveResult?, dingtalk.Error?
---@field add_attendees_each fun(token: dingtalk.Token, jobs: dingtalk.Job[]|(fun(): dingtalk.Job?), opts: dingtalk.BulkOptions?): dingtalk.BulkSummary?, dingtalk.Error?
---@field request fun(token: dingtalk.Token, spec: dingtalk.RequestSpec, opts: dingtalk.WriteOptions?): dingtalk.RequestResult?, dingtalk.Error?
---@field list_attendees fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ListAttendeesOptions?): dingtalk.ListAttendeesResult?, dingtalk.Error?
---@field each_attendee fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ListAttendeesOptions?): (fun(): dingtalk.Attendee|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead
---@field respond fun(token: dingtalk.Token, user: string, cal: string?, event: string, responseStatus: dingtalk.ResponseStatus, opts: dingtalk.WriteOptions?): dingtalk.Result?, dingtalk.Error?
---@field list_events fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.ListEventsOptions?): dingtalk.ListEventsResult?, dingtalk.Error?
---@field each_event fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.ListEventsOptions?): (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead
---@field list_events_view fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.ListEventsViewOptions?): dingtalk.ListEventsViewResult?, dingtalk.Error?
---@field each_event_in_view fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.ListEventsViewOptions?): (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead
---@field list_events_view_by_me fun(token: dingtalk.Token, cal: string?, opts: dingtalk.ListEventsViewByMeOptions?): dingtalk.ListEventsViewByMeResult?, dingtalk.Error?
---@field each_event_in_view_by_me fun(token: dingtalk.Token, cal: string?, opts: dingtalk.ListEventsViewByMeOptions?): (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead
---@field get_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.GetEventOptions?): dingtalk.EventResult?, dingtalk.Error?
---@field create_event fun(token: dingtalk.Token, user: string, cal: string?, details: dingtalk.EventDetails, opts: dingtalk.WriteOptions?): dingtalk.EventResult?, dingtalk.Error?
---@field create_event_by_me fun(token: dingtalk.Token, cal: string?, details: dingtalk.MyEventDetails, opts: dingtalk.WriteOptions?): dingtalk.EventResult?, dingtalk.Error?
---@field update_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, details: dingtalk.EventChanges, opts: dingtalk.WriteOptions?): dingtalk.EventResult?, dingtalk.Error?
---@field delete_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.DeleteEventOptions?): dingtalk.Result?, dingtalk.Error?
---@field cancel_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.CancelEventOptions?): dingtalk.CancelEventResult?, dingtalk.Error?
---@field transfer_event fun(token: dingtalk.Token, user: string, cal: string?, event: string, details: dingtalk.TransferDetails, opts: dingtalk.WriteOptions?): dingtalk.TransferEventResult?, dingtalk.Error?
---@field list_instances fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ListInstancesOptions?): dingtalk.ListInstancesResult?, dingtalk.Error?
---@field each_instance fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ListInstancesOptions?): (fun(): dingtalk.Event|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead
---@field list_events_instances fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.ListEventsInstancesOptions?): dingtalk.ListEventsInstancesResult?, dingtalk.Error?
---@field convert_legacy_event_ids fun(token: dingtalk.Token, user: string, legacyEventIds: string[], opts: dingtalk.ReadOptions?): dingtalk.ConvertLegacyEventIdsResult?, dingtalk.Error?
---@field get_schedule fun(token: dingtalk.Token, user: string, details: dingtalk.ScheduleQuestion, opts: dingtalk.ReadOptions?): dingtalk.GetScheduleResult?, dingtalk.Error?
---@field get_schedule_by_me fun(token: dingtalk.Token, details: dingtalk.ScheduleQuestion, opts: dingtalk.ReadOptions?): dingtalk.GetScheduleByMeResult?, dingtalk.Error?
---@field get_meeting_rooms_schedule fun(token: dingtalk.Token, user: string, details: dingtalk.RoomQuestion, opts: dingtalk.ReadOptions?): dingtalk.GetMeetingRoomsScheduleResult?, dingtalk.Error?
---@field add_meeting_rooms fun(token: dingtalk.Token, user: string, cal: string?, event: string, rooms: (string|{roomId: string})[], opts: dingtalk.WriteOptions?): dingtalk.AddMeetingRoomsResult?, dingtalk.Error?
---@field remove_meeting_rooms fun(token: dingtalk.Token, user: string, cal: string?, event: string, rooms: (string|{roomId: string})[], opts: dingtalk.WriteOptions?): dingtalk.RemoveMeetingRoomsResult?, dingtalk.Error?
---@field respond_meeting_room fun(token: dingtalk.Token, user: string, cal: string?, event: string, room: string, responseStatus: string, opts: dingtalk.WriteOptions?): dingtalk.RespondMeetingRoomResult?, dingtalk.Error?
---@field list_calendars fun(token: dingtalk.Token, user: string, opts: dingtalk.ReadOptions?): dingtalk.ListCalendarsResult?, dingtalk.Error?
---@field list_categories fun(token: dingtalk.Token, opts: dingtalk.ReadOptions?): dingtalk.ListCategoriesResult?, dingtalk.Error?
---@field create_subscribed_calendar fun(token: dingtalk.Token, user: string, details: dingtalk.SubscribedCalendarDetails, opts: dingtalk.ReadOptions?): dingtalk.CreateSubscribedCalendarResult?, dingtalk.Error?
---@field get_subscribed_calendar fun(token: dingtalk.Token, user: string, calendar: string, opts: dingtalk.ReadOptions?): dingtalk.GetSubscribedCalendarResult?, dingtalk.Error?
---@field update_subscribed_calendar fun(token: dingtalk.Token, user: string, calendar: string, details: dingtalk.SubscribedCalendarChanges, opts: dingtalk.ReadOptions?): dingtalk.UpdateSubscribedCalendarResult?, dingtalk.Error?
---@field delete_subscribed_calendar fun(token: dingtalk.Token, user: string, calendar: string, opts: dingtalk.ReadOptions?): dingtalk.DeleteSubscribedCalendarResult?, dingtalk.Error?
---@field subscribe_calendar fun(token: dingtalk.Token, user: string, calendar: string, opts: dingtalk.ReadOptions?): dingtalk.Result?, dingtalk.Error?
---@field unsubscribe_calendar fun(token: dingtalk.Token, user: string, calendar: string, opts: dingtalk.ReadOptions?): dingtalk.UnsubscribeCalendarResult?, dingtalk.Error?
---@field list_acls fun(token: dingtalk.Token, user: string, cal: string?, opts: dingtalk.ReadOptions?): dingtalk.ListAclsResult?, dingtalk.Error?
---@field create_acl fun(token: dingtalk.Token, user: string, cal: string?, details: dingtalk.AclDetails, opts: dingtalk.ReadOptions?): dingtalk.CreateAclResult?, dingtalk.Error?
---@field delete_acl fun(token: dingtalk.Token, user: string, cal: string?, acl: string, opts: dingtalk.ReadOptions?): dingtalk.Result?, dingtalk.Error?
---@field generate_caldav_account fun(token: dingtalk.Token, user: string, device: string, opts: dingtalk.ReadOptions?): dingtalk.GenerateCaldavAccountResult?, dingtalk.Error?
---@field sign_in fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ReadOptions?): dingtalk.SignInResult?, dingtalk.Error?
---@field sign_out fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ReadOptions?): dingtalk.SignOutResult?, dingtalk.Error?
---@field check_in fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ReadOptions?): dingtalk.CheckInResult?, dingtalk.Error?
---@field get_sign_in_list fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.GetSignInListOptions?): dingtalk.GetSignInListResult?, dingtalk.Error?
---@field each_sign_in fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.GetSignInListOptions?): (fun(): {checkInTime: number?, displayName: string?, userId: string?}|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead
---@field get_sign_out_list fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.GetSignOutListOptions?): dingtalk.GetSignOutListResult?, dingtalk.Error?
---@field each_sign_out fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.GetSignOutListOptions?): (fun(): {checkOutTime: number?, displayName: string?, userId: string?}|false|nil, dingtalk.Error|dingtalk.PagesRead|nil)|dingtalk.PagesRead
---@field get_sign_in_link fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ReadOptions?): dingtalk.GetSignInLinkResult?, dingtalk.Error?
---@field get_sign_out_link fun(token: dingtalk.Token, user: string, cal: string?, event: string, opts: dingtalk.ReadOptions?): dingtalk.GetSignOutLinkResult?, dingtalk.Error?
