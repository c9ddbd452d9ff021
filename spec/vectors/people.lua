-- luacheck: std lua54
-- Files of people as `dingtalk-calendar add --file` meets them: a name, the file's name and bytes, then what
-- is sent (adds: the array of the request) or the exact refusal. `options` are given, too.

local function utf16(text, unit, mark)
  local out = { mark }
  for _, code in utf8.codes(text) do
    if code > 0xFFFF then
      out[#out + 1] = string.pack(unit .. unit, 0xD800 + ((code - 0x10000) >> 10), 0xDC00 + ((code - 0x10000) & 0x3FF))
    else
      out[#out + 1] = string.pack(unit, code)
    end
  end
  return table.concat(out)
end

local A = '[{"id":"a"}]'
local AB = '[{"id":"a"},{"id":"b"}]'
local OPTIONAL = '[{"id":"a","isOptional":true},{"id":"b","isOptional":false}]'

local BOM = "\u{FEFF}"

return {
  -- Lines
  { "lines", "p", " a \r\n\r\nb", adds = AB },
  { "lines that end with CR alone", "p", "a\rb\r", adds = AB },
  { "a single id without a line end", "p.txt", "a", adds = A },
  { "two files joined, each with a byte order mark", "p", BOM .. "a\n" .. BOM .. "b\n", adds = AB },
  { "a byte order mark behind an id", "p", "a" .. BOM .. "\nb\n", adds = AB },
  { "ideographic spaces around an id", "p", "\u{3000}a\u{3000}\nb\n", adds = AB },
  { "no-break spaces around an id", "p", "\u{A0}a\u{A0}\nb\n", adds = AB },
  { "zero-width spaces around an id", "p", "\u{200B}a\u{200B}\nb\n", adds = AB },
  { "marks of direction around an id, as chats copy them", "p", "\u{202A}a\u{202C}\n\u{2060}b\u{AD}\n", adds = AB },
  { "lines of blanks that nobody sees", "p", "a\n\u{3000}\n \t \n\u{200B}\nb\n", adds = AB },
  { "quoted lines", "p", '"a"\n"b"\n', adds = AB },
  { "lines that would be names of columns, said to be ids", "p", "id\nname\n", options = "--format lines",
    adds = '[{"id":"id"},{"id":"name"}]' },
  { "an id that holds an unseen character", "p", "a\nb\u{200B}c\n",
    refusal = 'p: line 2: "b\u{200B}c" is no unionId: it holds other than ASCII' },
  { "an id that holds a space", "p", "a\nb c\n", refusal = 'p: line 2: "b c" is no unionId: it holds a space' },
  { "a name instead of an id", "p", "张三\n", refusal = 'p: line 1: "张三" is no unionId: it holds other than ASCII' },
  { "a mobile number instead of an id", "p", "a\n13900000001\n",
    refusal = 'p: line 2: "13900000001" is a mobile number, not a unionId: call the column mobile' },
  { "a mail address instead of an id", "p", "zhang@example.com\n",
    refusal = 'p: line 1: "zhang@example.com" is no unionId: it holds @' },
  { "a remark between lines", "p", "# guests\na\n", refusal = 'p: line 1: "# guests" is no unionId: it holds a space' },
  { "ids with commas that no keyboard of ours has", "p", "a，b\n",
    refusal = 'p: line 1: "a，b" is no unionId: it holds other than ASCII' },
  { "JSON said to be lines", "p", '{"id":"a"}\n', options = "--format lines",
    refusal = 'p: line 1: "{\\"id\\":\\"a\\"}" is no unionId: it holds {' },

  -- Tables without a usable first line
  { "a table without names of columns", "p", "张三,abc\n李四,def\n",
    refusal = 'p: line 1: the column "张三" is not known: rename it, or --ignore it; columns found: "张三", "abc"' },
  { "ids on one line", "p", "a,b,c\n",
    refusal = 'p: line 1: the column "a" is not known: rename it, or --ignore it; columns found: "a", "b", "c"' },
  { "one line of a list with another cell", "p", "a\nb,x\n",
    refusal = 'p: line 2: one id a line is wanted, or a first line of names; columns found: "b", "x"' },
  { "lines below a name that no id has", "p", "姓名\na\n",
    refusal = 'p: line 1: no column is called id, unionId, userid or mobile; columns found: "姓名"' },
  { "a CSV of names only", "p.csv", "name\nZhang\n",
    refusal = 'p.csv: line 1: no column is called id, unionId, userid or mobile; columns found: "name"' },
  { "a CSV without names of columns", "p.csv", "a\nb\n",
    refusal = 'p.csv: line 1: the column "a" is not known: rename it, or --ignore it; columns found: "a"' },
  { "a CSV with the names of columns below a title", "p.csv", "Guests\nid\na\n",
    refusal = 'p.csv: line 1: the column "Guests" is not known: rename it, or --ignore it; columns found: "Guests"' },

  -- Columns
  { "a column id", "p", "name,ID\nZ,a\n", adds = A },
  { "a column unionId", "p.csv", "unionId\na\n", adds = A },
  { "a column Union ID", "p", "Union ID\na\n", adds = A },
  { "a column union_id, quoted", "p", '"union_id","Name"\n"a","Doe, ""J"""\n', adds = A },
  { "isOptional", "p", "id,isOptional\na,true\nb,FALSE\n", adds = OPTIONAL },
  { "optional", "p", "id,optional\na,yes\nb,no\n", adds = OPTIONAL },
  { "is_optional", "p", "id,is_optional\na,1\nb,0\n", adds = OPTIONAL },
  { "Is Optional", "p", "id,Is Optional\na,Y\nb,N\n", adds = OPTIONAL },
  { "is-optional", "p", "id,is-optional\na,t\nb,f\n", adds = OPTIONAL },
  { "是否可选", "p", "unionId,是否可选\na,是\nb,否\n", adds = OPTIONAL },
  { "可选 by its own words", "p", "unionId,可选\na,可选\nb,必须\n", adds = OPTIONAL },
  { "the opposite: required", "p", "id,required\na,no\nb,yes\n", adds = OPTIONAL },
  { "the opposite: 是否必须", "p", "unionId,是否必须\na,否\nb,是\n", adds = OPTIONAL },
  { "nothing said of one", "p", "id,optional\na,\nb,no\n", adds = '[{"id":"a"},{"id":"b","isOptional":false}]' },
  { "remarks", "p", "序号,姓名,部门,unionId,email,备注\n1,张三,研发,a,z@x.cn,\"long, with\nlines\"\n", adds = A },
  { "a misspelt isOptional", "p", "id,isOptinal\na,true\n",
    refusal = 'p: line 1: the column "isOptinal" is not known: rename it, or --ignore it; columns found: "id", "isOptinal"' },
  { "a column that nothing is known of", "p", "id,floor\na,3\n",
    refusal = 'p: line 1: the column "floor" is not known: rename it, or --ignore it; columns found: "id", "floor"' },
  { "the same, ignored", "p", "id,Floor No\na,3\n", options = "--ignore 'floor no'", adds = A },
  { "unionId beside a column id", "p", "unionId,name,id\na,Z,1\n",
    refusal = 'p: line 1: the columns 1 and 3, "unionId" and "id", say the same: keep one, or --ignore the other; columns found: "unionId", "name", "id"' },
  { "the same, ignored", "p", "unionId,name,id\na,Z,1\n", options = "--ignore id", adds = A },
  { "id beside userid", "p", "id,userid\n1,zhangsan\n",
    refusal = 'p: line 1: the column "id" may be a unionId or anything: call it unionId, or --ignore id; columns found: "id", "userid"' },
  { "two columns id", "p", "id,id\na,b\n",
    refusal = 'p: line 1: the columns 1 and 2, "id" and "id", say the same: keep one, or --ignore the other; columns found: "id", "id"' },
  { "optional twice", "p", "id,optional,is_optional\na,yes,no\n",
    refusal = 'p: line 1: the columns 2 and 3, "optional" and "is_optional", say the same: keep one, or --ignore the other; columns found: "id", "optional", "is_optional"' },
  { "optional and its opposite", "p", "id,optional,required\na,yes,yes\n",
    refusal = 'p: line 1: the columns 2 and 3, "optional" and "required", say the same: keep one, or --ignore the other; columns found: "id", "optional", "required"' },
  { "a flag that is neither yes nor no", "p.csv", "id,isOptional\na,perhaps\n",
    refusal = 'p.csv: line 2: isOptional is "perhaps", neither yes nor no; columns found: "id", "isOptional"' },
  { "nobody on a line", "p.csv", "id,isOptional\n,true\n", refusal = 'p.csv: line 2: no id; columns found: "id", "isOptional"' },
  { "a cell behind the last column", "p.csv", "id,name\na,Z,yes\n",
    refusal = 'p.csv: line 2: "yes" stands behind the last column; columns found: "id", "name"' },
  { "a cell in a column without a name", "p.csv", "id,\na,yes\n",
    refusal = 'p.csv: line 2: "yes" stands in a column without a name; columns found: "id", ""' },
  { "the same person twice", "p.csv", "id,optional\na,yes\na,yes\n", adds = '[{"id":"a","isOptional":true}]' },
  { "the same person, meant otherwise", "p.csv", "id,optional\na,yes\nb,\na,no\n",
    refusal = 'p.csv: line 4: "a" is in p.csv: line 2, too, and there optional' },

  -- Spreadsheets
  { "rows of commas", "p.csv", ",,\nid,name,\na,Z,\n,,\nb,Y,\n,,\n", adds = AB },
  { "line breaks in quotes", "p.csv", 'name,id\n"Doe,\r\nJ.",a\r\nX,b\r\n', adds = AB },
  { "a line behind line breaks in quotes", "p.csv", 'name,id\n"x\ny\nz",a\nX,b c\n',
    refusal = 'p.csv: line 5: "b c" is no unionId: it holds a space; columns found: "name", "id"' },
  { "sep=,", "p.csv", "sep=,\r\nid,name\r\na,Z\r\n", adds = A },
  { "sep=;", "p.csv", BOM .. "sep=;\nid;name\na;Doe, J\n", adds = A },
  { '"sep=|"', "p.csv", '"sep=|"\nid|name\na|Z\n', adds = A },
  { "semicolons", "p.csv", "name;id;isOptional\nDoe, J.;a;true\nX;b;false\n", adds = OPTIONAL },
  { "tabs", "p", "name\tid\nDoe, J.\ta\n", adds = A },
  { ".tsv", "p.tsv", "id\tname\na\tDoe, J.; X\n", adds = A },
  { "lines that end with CR alone", "p.csv", "id,name\ra,Z\rb,Y\r", adds = AB },
  { "blanks between a comma and a quote", "p.csv", 'id, "name"\n"a", "Z, Y"\n', adds = A },
  { "UTF-16, little end first", "p.csv", utf16("姓名\tunionId\n张三\ta\n\u{20000}\tb\n", "<I2", "\xFF\xFE"), adds = AB },
  { "UTF-16, big end first", "p.csv", utf16("姓名,unionId\n张三,a\n", ">I2", "\xFE\xFF"), adds = A },
  { "UTF-16 without a mark", "p", utf16("a\nb\n", "<I2", ""), adds = AB },
  { "GBK", "p.csv", "\xD0\xD5\xC3\xFB,\xCA\xC7\xB7\xF1\xBF\xC9\xD1\xA1,unionId\n\xD5\xC5\xC8\xFD,\xCA\xC7,a\n\xC0\xEE\xCB\xC4,\xB7\xF1,b\n",
    adds = OPTIONAL },
  { "another encoding", "p.csv", "name,id\nJos\xE9,a\n",
    refusal = "p.csv: is neither UTF-8 nor UTF-16; if it is GBK, save it as UTF-8 (spreadsheets: CSV UTF-8)" },
  { "an .xlsx", "p.xlsx", "PK\3\4\20\0[Content_Types].xml", refusal = "p.xlsx: is an .xlsx workbook, not text: save it as CSV UTF-8" },
  { "an .xlsx called .csv", "p.csv", "PK\3\4\20\0[Content_Types].xml", refusal = "p.csv: is an .xlsx workbook, not text: save it as CSV UTF-8" },
  { "an .xls", "p.xls", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", refusal = "p.xls: is an .xls workbook, not text: save it as CSV UTF-8" },
  { "a web page called .xls", "p.xls", "<html><table><tr><td>a</td></tr></table></html>", refusal = "p.xls: is HTML or XML: save it as CSV UTF-8" },
  { "control bytes", "p", "a\nb\1\n", refusal = "p: is no text: it holds control bytes" },
  { "a quote that does not end", "p.csv", 'id,name\na,"x\nb,y\n', refusal = "p.csv: line 2: a quote does not end" },
  { "text behind a quoted cell", "p.csv", 'id,isOptional\n"a"b,true\n',
    refusal = "p.csv: line 2: a quote ends within a cell: quotes in a quoted cell are doubled" },
  { "a table of names alone", "p.csv", "id,name\n", refusal = "p.csv: holds nobody" },
  { "an empty file", "p.csv", "", refusal = "p.csv: holds nobody" },

  -- JSON
  { "a JSON array", "p", '["a",{"id":"b"}]', adds = AB },
  { "a JSON array with flags", "p.json", '[{"id":"a","isOptional":true},{"id":"b","isOptional":false}]', adds = OPTIONAL },
  { "a JSON array behind a byte order mark", "p", BOM .. ' \n["a","b"]\n', adds = AB },
  { "JSON lines", "p", '{"id":"a"}\n{"id":"b","name":"Z"}\n', adds = AB },
  { "JSON lines of texts", "p.jsonl", '"a"\n"b"\n', adds = AB },
  { "what attendees --json prints", "p",
    '{"attendees":[{"id":"a","displayName":"Z","responseStatus":"accepted","self":true,"isOptional":true},{"id":"b","isOptional":false}],"status":200,"pages":1}', adds = OPTIONAL },
  { "what unionid --json prints", "p", '{"unionids":[{"userid":"zhangsan","unionid":"a"},{"mobile":"13900000001","unionid":"b"}]}', adds = AB },
  { "the body of the API's own call", "p", '{"attendeesToAdd":[{"id":"a"}]}', adds = A },
  { "null for a flag", "p", '[{"id":"a","isOptional":null}]', adds = A },
  { "a misspelt field", "p.json", '[\n  {"id":"a"},\n  {"id":"b","isOptinal":true}\n]',
    refusal = 'p.json: line 3: the column "isOptinal" is not known: rename it, or --ignore it; columns found: "id", "isOptinal"' },
  { "a field twice", "p.json", '[{"id":"a","id":"b"}]',
    refusal = 'p.json: line 1: the columns 1 and 2, "id" and "id", say the same: keep one, or --ignore the other; columns found: "id", "id"' },
  { "an object that names nobody", "p.json", '["a",\n{"isOptional":true}]',
    refusal = 'p.json: line 2: no column is called id, unionId, userid or mobile; columns found: "isOptional"' },
  { "a number instead of an id", "p.json", '["a",7]', refusal = "p.json: line 1: a person is a text or an object, not a number" },
  { "an array within the array", "p.json", '[["a"]]', refusal = "p.json: line 1: a person is a text or an object, not an array" },
  { "an id that is a number", "p.json", '[{"id":7}]', refusal = "p.json: line 1: id must be a text" },
  { "an array that does not end", "p.json", '["a",\n"b"', refusal = "p.json: line 2: no JSON: a comma or ] is missing" },
  { "text called .json", "p.json", "a\nb\n", refusal = "p.json: line 1: no JSON" },
}
