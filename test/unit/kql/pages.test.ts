import { describe, expect, it } from "vitest";
import { deviceTable, rowsOf } from "./kql-run.ts";

const value = (expression: string): string => rowsOf(`print x = ${expression}`).join("\n");

/** The examples of the function pages of the Kusto documentation, with the results that they print. Page: expression, result. */
const FUNCTIONS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "indexof()": [
    ['indexof("abcdefg","cde")', "2"],
    ['indexof("abcdefg","cde",1,4)', "2"],
    ['indexof("abcdefg","cde",1,2)', "-1"],
    ['indexof("abcdefg","cde",3,4)', "-1"],
    ['indexof("abcdefg","cde",-5)', "2"],
    ["indexof(1234567,5,1,4)", "4"],
    ['indexof("abcdefg","cde",2,-1)', "2"],
    ['indexof("abcdefgabcdefg", "cde", 1, 10, 2)', "9"],
    ['indexof("abcdefgabcdefg", "cde", 1, -1, 3)', "-1"],
  ],
  "split()": [
    ['split("aa_bb", "_")', '["aa","bb"]'],
    ['split("aaa_bbb_ccc", "_", 1)', '["bbb"]'],
    ['split("", "_")', '[""]'],
    ['split("a__b", "_")', '["a","","b"]'],
    ['split("aabbcc", "bb")', '["aa","cc"]'],
  ],
  "translate()": [
    ['translate("abc", "x", "abc")', "xxx"],
    ['translate("abc", "", "ab")', ""],
    ['translate("krasp", "otsku", "spark")', "kusto"],
  ],
  "countof()": [
    ['countof("aaa", "a")', "3"],
    ['countof("aaaa", "aa")', "3"],
    ['countof("ababa", "ab", "normal")', "2"],
    ['countof("ababa", "aba")', "2"],
    ['countof("ababa", "aba", "regex")', "1"],
    ['countof("abcabc", "a.c", "regex")', "2"],
  ],
  "strcmp()": [
    ['strcmp("ABC", "ABC")', "0"],
    ['strcmp("abc", "ABC")', "1"],
    ['strcmp("ABC", "abc")', "-1"],
    ['strcmp("abcde", "abc")', "1"],
  ],
  "strrep()": [
    ["strrep('ABC', 2)", "ABCABC"],
    ["strrep(123,3,'.')", "123.123.123"],
    ["strrep(3s,2,' ')", "00:00:03 00:00:03"],
    ["strlen(strrep('a', 5000))", "1024"],
  ],
  "trim()": [
    ['trim("--", @"--https://bing.com--")', "https://bing.com"],
    [String.raw`trim(@"[^\w]+", @"-  Te st1// $")`, "Te st1"],
    [String.raw`trim(@"\s+", @"    Hello, world!    ")`, "Hello, world!"],
  ],
  "extract_all()": [
    [String.raw`extract_all(@"(\d+)", "a set of numbers: 123, 567 and 789")`, '["123","567","789"]'],
    [String.raw`extract_all(@"(\w)(\w+)(\w)", "82b8-dfa7")`, '[["8","2b","8"],["d","fa","7"]]'],
    [String.raw`extract_all(@"(\w)(\w+)(\w)", dynamic([1,3]), "82b8-dfa7")`, '[["8","8"],["d","7"]]'],
    [
      String.raw`extract_all(@"(?P<first>\w)(?P<middle>\w+)(?P<last>\w)", dynamic(['first',2,'last']), "82b8-dfa7")`,
      '[["8","2b","8"],["d","fa","7"]]',
    ],
    [String.raw`extract_all(@"(\d+)", "none")`, "null"],
  ],
  "parse_ipv4()": [
    ["parse_ipv4('192.168.1.1')", "3232235777"],
    ["parse_ipv4('192.168.1.1/24')", "3232235776"],
    ["parse_ipv4('255.255.255.255/31')", "4294967294"],
    ["parse_ipv4('256.1.1.1')", "null"],
  ],
  "ipv4_compare(), ipv4_is_match()": [
    ["ipv4_compare('192.168.1.1/24', '192.168.1.255')", "0"],
    ["ipv4_compare('192.168.1.1/30', '192.168.1.255/24')", "0"],
    ["ipv4_compare('192.168.1.1', '192.168.1.0', 31)", "0"],
    ["ipv4_compare('192.168.1.1', '192.168.1.2')", "-1"],
    ["ipv4_is_match('192.168.1.1', '192.168.1.255', 24)", "true"],
    ["ipv4_is_match('192.168.1.1', 'x')", "null"],
  ],
  "ipv4_is_in_range(), has_ipv4()": [
    ["ipv4_is_in_range('192.168.1.1', '192.168.1.1')", "true"],
    ["ipv4_is_in_range('192.168.1.1', '192.168.1.255/24')", "true"],
    ["ipv4_is_in_range('192.168.2.1', '192.168.1.255/24')", "false"],
    ["has_ipv4('05:04:54 127.0.0.1 GET /favicon.ico 404', '127.0.0.1')", "true"],
    ["has_ipv4('05:04:54 127.0.0.256 GET /favicon.ico 404', '127.0.0.256')", "false"],
    ["has_ipv4('05:04:54127.0.0.1 GET /favicon.ico 404', '127.0.0.1')", "false"],
  ],
  "datetime_diff()": [
    ["datetime_diff('year',datetime(2017-01-01),datetime(2000-12-31))", "17"],
    ["datetime_diff('quarter',datetime(2017-07-01),datetime(2017-03-30))", "2"],
    ["datetime_diff('month',datetime(2017-01-01),datetime(2015-12-30))", "13"],
    ["datetime_diff('week',datetime(2017-10-29 00:00),datetime(2017-09-30 23:59))", "5"],
    ["datetime_diff('day',datetime(2017-10-29 00:00),datetime(2017-09-30 23:59))", "29"],
    ["datetime_diff('hour',datetime(2017-10-31 01:00),datetime(2017-10-30 23:59))", "2"],
    ["datetime_diff('minute',datetime(2017-10-30 23:05:01),datetime(2017-10-30 23:00:59))", "5"],
    ["datetime_diff('second',datetime(2017-10-30 23:00:10.100),datetime(2017-10-30 23:00:00.900))", "10"],
    ["datetime_diff('millisecond',datetime(2017-10-30 23:00:00.200100),datetime(2017-10-30 23:00:00.100900))", "100"],
    ["datetime_diff('microsecond',datetime(2017-10-30 23:00:00.1009001),datetime(2017-10-30 23:00:00.1008009))", "100"],
    ["datetime_diff('nanosecond',datetime(2017-10-30 23:00:00.0),datetime(2017-10-30 23:00:00.0000007))", "-700"],
  ],
  "datetime_part()": ["year|2017", "quarter|4", "month|10", "week_of_year|44", "day|30", "dayOfYear|303", "hour|1"].map(
    (row) => {
      const [part = "", result = ""] = row.split("|");
      return [`datetime_part("${part}", datetime(2017-10-30 01:02:03.7654321))`, result] as const;
    },
  ),
  "format_datetime(), format_timespan()": [
    ["format_datetime(datetime(2017-01-29 09:00:05),'yy-MM-dd [HH:mm:ss]')", "17-01-29 [09:00:05]"],
    ["format_datetime(datetime(2017-01-29 09:00:05), 'yyyy-M-dd [H:mm:ss]')", "2017-1-29 [9:00:05]"],
    ["format_datetime(datetime(2017-01-29 09:00:05), 'yy-MM-dd [hh:mm:ss tt]')", "17-01-29 [09:00:05 AM]"],
    ["format_timespan(time(29.09:00:05.12345), 'dd.hh:mm:ss:FF')", "29.09:00:05:12"],
    ["format_timespan(time(29.09:00:05.12345), 'ddd.h:mm:ss [fffffff]')", "029.9:00:05 [1234500]"],
  ],
  "array_slice(), array_split()": [
    ["array_slice(dynamic([1,2,3]), 1, 2)", "[2,3]"],
    ["array_slice(dynamic([1,2,3,4,5]), 2, -1)", "[3,4,5]"],
    ["array_slice(dynamic([1,2,3,4,5]), -3, -2)", "[3,4]"],
    ["array_split(dynamic([1,2,3,4,5]), 2)", "[[1,2],[3,4,5]]"],
    ["array_split(dynamic([1,2,3,4,5]), dynamic([1,3]))", "[[1],[2,3],[4,5]]"],
  ],
  "array_sort_asc(), zip()": [
    ['array_sort_asc(dynamic([null,"blue","yellow","green",null]))', '["blue","green","yellow",null,null]'],
    ['array_sort_asc(dynamic([null,"blue","yellow","green",null]), false)', '[null,null,"blue","green","yellow"]'],
    ["zip(dynamic([1,3,5]), dynamic([2,4,6]))", "[[1,2],[3,4],[5,6]]"],
    ['zip(dynamic(["A", 1, 1.5]), dynamic([{}, "B"]))', '[["A",{}],[1,"B"],[1.5,null]]'],
  ],
  "parse_path()": [
    [
      String.raw`parse_path(@"C:\temp\file.txt")`,
      String.raw`{"Scheme":"","RootPath":"C:","DirectoryPath":"C:\\temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":""}`,
    ],
    [
      String.raw`parse_path(@"temp\file.txt")`,
      '{"Scheme":"","RootPath":"","DirectoryPath":"temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":""}',
    ],
    [
      'parse_path("file://C:/temp/file.txt:some.exe")',
      '{"Scheme":"file","RootPath":"C:","DirectoryPath":"C:/temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":"some.exe"}',
    ],
    [
      'parse_path("/usr/lib/temp/file.txt")',
      '{"Scheme":"","RootPath":"","DirectoryPath":"/usr/lib/temp","DirectoryName":"temp","Filename":"file.txt","Extension":"txt","AlternateDataStreamName":""}',
    ],
  ],
  "parse_command_line()": [
    [String.raw`parse_command_line("echo \"hello world!\"", "windows")`, '["echo","hello world!"]'],
  ],
};

describe.each(Object.entries(FUNCTIONS))("%s", (_page, cases) => {
  it.each(cases)("%s is %s", (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });
});

const TRACES = `let Traces = datatable(EventText: string)[
  "Event: NotifySliceRelease (resourceName=PipelineScheduler, totalSlices=27, sliceNumber=23, lockTime=02/17/2016 08:40:01, releaseTime=02/17/2016 08:40:02)",
  "Event: NotifySliceRelease (resourceName=PipelineScheduler, totalSlices=none, sliceNumber=20, lockTime=02/17/2016 08:40:01, releaseTime=02/17/2016 08:40:01)"];
Traces | `;
const PARTS =
  'EventText with * "resourceName=" name ", totalSlices=" total: long * "sliceNumber=" slice: long * "lockTime=" lockTime ", releaseTime=" released: date ")"';

/** Page of an operator, what is shown, query, rows: after the page's examples. */
const OPERATORS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "parse operator: strict, a row that does not fit has no values at all",
    `${TRACES}parse ${PARTS} | project name, total, slice, lockTime, released`,
    ["PipelineScheduler|27|23|02/17/2016 08:40:01|2016-02-17T08:40:02.0000000Z", "|null|null||null"],
  ],
  [
    "parse operator: relaxed, a value that does not fit is null alone",
    `${TRACES}parse kind=relaxed ${PARTS.replace("total: long *", 'total: long ", "')} | project name, total, slice`,
    ["PipelineScheduler|27|23", "PipelineScheduler|null|20"],
  ],
  ["parse-where operator: what does not fit is left out", `${TRACES}parse-where ${PARTS} | project slice`, ["23"]],
  [
    "parse operator: regular expressions are greedy unless they say U",
    `${TRACES}take 1 | parse kind=regex EventText with * "resourceName=" name ',' * | project name`,
    ["PipelineScheduler, totalSlices=27, sliceNumber=23, lockTime=02/17/2016 08:40:01"],
  ],
  [
    "parse operator: flags",
    `${TRACES}take 1 | parse kind=regex flags=Ui EventText with * "RESOURCENAME=" name ',' * | project name`,
    ["PipelineScheduler"],
  ],
  [
    "mv-expand operator: an empty list or bag makes no row, a null one of null",
    "datatable(a: int, b: dynamic)[1, dynamic([10, 20]), 2, dynamic([]), 3, dynamic({}), 4, dynamic(null)] | mv-expand b",
    ["1|dynamic 10", "1|dynamic 20", "4|null"],
  ],
  [
    "mv-expand operator: an empty list beside a longer one is filled",
    "print b = dynamic([]), c = dynamic([5, 4]) | mv-expand b, c",
    ["null|dynamic 5", "null|dynamic 4"],
  ],
  [
    "mv-expand operator: zipped",
    'print b = dynamic({"p": "a", "q": "b"}), c = dynamic([5, 4, 3]) | mv-expand b, c',
    ['{"p":"a"}|dynamic 5', '{"q":"b"}|dynamic 4', "null|dynamic 3"],
  ],
  [
    "mv-expand operator: a type is a cast, no conversion",
    'print b = dynamic([1, "2", 3.5]) | mv-expand b to typeof(long)',
    ["1", "null", "3"],
  ],
  [
    "project-reorder operator",
    "print b = 'b', a2 = 'a2', a3 = 'a3', a1 = 'a1' | project-reorder a* asc",
    ["a1|a2|a3|b"],
  ],
  [
    "project-reorder operator: granny-asc",
    "print a20 = 20, a100 = 100, b = 1 | project-reorder a* granny-asc",
    ["20|100|1"],
  ],
  [
    "sort operator: nulls and NaN, ascending, first",
    "datatable(x: real)[5, -5, real(null), real(nan), real(-inf), real(+inf)] | sort by x asc | project x",
    ["null", "NaN", "-Infinity", "-5.0", "5.0", "Infinity"],
  ],
  [
    "sort operator: nulls and NaN, descending, last",
    "datatable(x: real)[5, -5, real(null), real(nan), real(-inf), real(+inf)] | sort by x desc",
    ["Infinity", "5.0", "-5.0", "-Infinity", "NaN", "null"],
  ],
  [
    "summarize operator: default values",
    "datatable(x: long)[] | summarize take_any(x), avg(x), max(x), percentile(x, 55), stdev(x), sum(x), variance(x), make_set(x), dcount(x)",
    ["null|NaN|null|null|0.0|0|0.0|[]|0"],
  ],
  [
    "summarize operator: nulls are not counted among the values, but among the rows",
    "range x from 1 to 4 step 1 | extend y = iff(x == 1, real(null), real(5)) | summarize sum(y), avg(y), count()",
    ["15.0|5.0|4"],
  ],
  [
    "arg_max(): a group of nulls still gives a row",
    'datatable(f: string, c: string, v: int)["Apple", "Red", 1, "Apple", "Green", int(null), "Banana", "Yellow", int(null), "Pear", "Brown", 1, "Pear", "Green", 2] | summarize arg_max(v, *) by f | project f, v, c',
    ["Apple|1|Red", "Banana|null|Yellow", "Pear|2|Green"],
  ],
  [
    "make_set(): the set of lists is that of their elements",
    "datatable(v: dynamic)[dynamic(['A1', 'A2']), dynamic(['A2', 'C1'])] | summarize make_set(v)",
    ['["A1","A2","C1"]'],
  ],
  ["stdev()", "range x from 1 to 5 step 1 | summarize make_list(x), stdev(x)", ["[1,2,3,4,5]|1.5811388300841898"]],
  [
    "as operator: the name is the source in a union",
    "range x from 1 to 10 step 1 | as T1 | union withsource=TableName (range x from 1 to 10 step 1 | as T2) | summarize count() by TableName",
    ["T1|10", "T2|10"],
  ],
  [
    "as operator: the name may be joined",
    "range x from 1 to 3 step 1 | as T | where x > 1 | join kind=inner (T | where x < 3) on x | project x",
    ["2"],
  ],
  [
    "union operator: isfuzzy passes over what is not there, also within a branch",
    "let A = view () { print x = 1 }; union isfuzzy=true (A | where x > 0), (Missing | where x > 0), Gone | count",
    ["1"],
  ],
  [
    "union operator: columns of one name and several types",
    "let A = view () { print x = 1 }; let B = view () { print x = toint(2) }; union withsource=TableName A, B",
    ["A|1|null", "B|null|2"],
  ],
];

describe("operators as their pages show them", () => {
  it.each(OPERATORS)("%s", (_title, query, expected) => {
    expect(rowsOf(query)).toEqual(expected);
  });
});

const WINDOW = "let Time_start = ago(5d); let Time_end = now();";
const AGGREGATES =
  "FirstSeen = min(TimeGenerated), LastSeen = max(TimeGenerated), Report = make_set(ReportId), Count = count()";
const seen = { TimeGenerated: "2026-02-27T00:00:00Z", DeviceId: "a1", DeviceName: "pc-a", ReportId: 7 };

/** The shapes of the published RMM hunting queries: a signature, a created process, a connection. */
describe("published hunting queries", () => {
  it("process creation", () => {
    const tables = {
      DeviceProcessEvents: deviceTable("DeviceProcessEvents", [
        { ...seen, ProcessVersionInfoCompanyName: "AnyDesk Software GmbH", AccountUpn: "x@example.org" },
        { ...seen, FileName: "AnyDesk.exe", DeviceId: "b2" },
        { ...seen, FileName: "manydesks.exe", DeviceId: "c3" },
        { ...seen, FileName: "AnyDesk.exe", DeviceId: "d4", TimeGenerated: "2026-02-20T00:00:00Z" },
      ]),
    };
    const query = `${WINDOW} DeviceProcessEvents | where TimeGenerated between (Time_start .. Time_end)
      | where ProcessVersionInfoCompanyName has_any ("anydesk software", "philandro software") or FileName has "anydesk"
      | summarize ${AGGREGATES} by DeviceId, DeviceName, AccountUpn | project DeviceId, AccountUpn, Report, Count`;
    expect(rowsOf(query, { tables })).toEqual(["a1|x@example.org|[7]|1", "b2||[7]|1"]);
  });

  it("network connection", () => {
    const tables = {
      DeviceNetworkEvents: deviceTable("DeviceNetworkEvents", [
        { ...seen, RemoteUrl: "relay-1.net.anydesk.com" },
        { ...seen, RemoteUrl: "relay-1.net.anydesk.com", ReportId: 8 },
        { ...seen, RemoteUrl: "notanydesk.com" },
      ]),
    };
    const query = `${WINDOW} DeviceNetworkEvents | where TimeGenerated between (Time_start .. Time_end)
      | where RemoteUrl has_any ("anydesk.com")
      | summarize ${AGGREGATES} by DeviceId, DeviceName, RemoteUrl | project RemoteUrl, Report, Count`;
    expect(rowsOf(query, { tables })).toEqual(["relay-1.net.anydesk.com|[7,8]|2"]);
  });
});
