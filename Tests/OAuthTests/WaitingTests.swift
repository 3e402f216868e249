import Secrets
import Testing
@testable import OAuth

struct `How long to wait` {
    private func delay(_ text: String?, date: String? = nil, now: Int64 = 784_111_777) -> Int? {
        EndpointResponse(status: 503, retryAfter: text, date: date, body: Secret("")).retryDelay(now: now)
    }

    @Test(arguments: [
        ("120", 120), ("1", 1), ("3600", 3600), (" 7 ", 7), ("0", 1), ("3601", 3600), ("99999999999999999999999", 3600),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sunday, 06-Nov-94 08:50:37 GMT", 60), ("Sun Nov  6 08:50:37 1994", 60),
        ("Sun, 06 Nov 1994 08:49:36 GMT", 1), ("Fri, 31 Dec 9999 23:59:59 GMT", 3600), ("Thu, 01 Jan 1970 00:00:00 GMT", 1),
    ])
    func `ERR-03 seconds and dates are parsed and limited`(text: String, seconds: Int) {
        #expect(delay(text) == seconds)
    }

    @Test(arguments: [
        nil, "", " ", "soon", "-5", "1.5", "1e3", "12 s", "0x10", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 19941 08:49:37 GMT",
        "1994-11-06T08:49:37Z", ", , , , ,", "Sun Nov  6 08:49:37 94x",
    ])
    func `ERR-03 an invalid value is ignored`(text: String?) {
        #expect(delay(text) == nil)
    }

    @Test func `a date is compared with the clock of the server that sent it`() {
        #expect(delay("Sun, 06 Nov 1994 08:50:37 GMT", date: "Sun, 06 Nov 1994 08:50:07 GMT") == 30)
        #expect(delay("Sun, 06 Nov 1994 08:50:37 GMT", date: "nonsense") == 60)
    }

    @Test(
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 29 Feb 2024 23:59:60 GMT", 1_709_251_200),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200), ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Wednesday, 01-Jan-70 00:00:00 GMT", 3_155_760_000), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ] as [(String, Int64)])
    func `dates are converted to seconds`(text: String, seconds: Int64) {
        #expect(HTTPDate.seconds(of: text, now: now) == seconds)
    }

    @Test(
        arguments: [
            (nil, nil), ("", nil), ("max-age=60", 60), ("public, Max-Age=3600", 3600), ("max-age=\"5\"", 5), ("no-store", 0),
            ("no-cache, max-age=9", 0), ("max-age=-1", nil), ("max-age=", nil), ("max-age=x", nil), ("s-maxage=7", nil),
            ("max-age=99999999999999999999999", Int.max),
        ] as [(String?, Int?)])
    func `max-age of the metadata is parsed`(text: String?, seconds: Int?) {
        #expect(EndpointResponse(status: 200, cacheControl: text, body: Secret("")).maxAge == seconds)
    }
}
