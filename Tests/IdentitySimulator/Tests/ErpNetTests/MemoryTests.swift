import ErpNet
import Testing

struct MemoryTests {
    @Test func `sessions, grants and reference tokens outlive a restart`() throws {
        var instance = try Instance()
        let first = try instance.refreshToken()
        let second = try #require(instance.refresh(first).refreshToken)
        let personal = try instance.control("reference mint kind=PAT app=demo.app/portal user=m.petrova").string("token")
        let browser = try cookie(instance.authorize())
        let text = try Memory(of: instance.identity).text()
        var restarted = try Instance()
        try Memory(text).restore(&restarted.identity)
        #expect(restarted.refresh(first).error == "invalid_grant")
        #expect(restarted.refresh(second).status == 200)
        #expect(restarted.api(("X-Api-Key", personal)).status == 200)
        #expect(try answer(restarted.authorize(["prompt": "none"], cookie: browser))["code"] != nil)
        #expect(throws: (any Error).self) { try Memory("{}") }
    }
}
