import ErpNet
import Testing

struct DeviceTests {
    private func begin(_ instance: inout Instance) throws -> JSON {
        let body = "scope=openid+offline_access+read" + Instance.portal
        return try document(instance.ask("POST", "/id/connect/deviceauthorization", Instance.form, body: body))
    }

    private func ask(_ instance: inout Instance, _ begun: JSON, client: String = Instance.portal) throws -> Reply {
        instance.token("grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code=\(try begun.string("device_code"))" + client)
    }

    @Test func `the grant is there only when the knob says so`() throws {
        var instance = try Instance()
        #expect(try begin(&instance)["error"] == "unauthorized_client")
        let metadata = "/id/.well-known/openid-configuration"
        #expect(try document(instance.ask("GET", metadata))["device_authorization_endpoint"] == nil)
        try instance.control("knob device-grant on")
        #expect(try document(instance.ask("GET", metadata))["device_authorization_endpoint"] != nil)
    }

    @Test func `a device waits until somebody approves, and is served once`() throws {
        var instance = try Instance()
        try instance.control("knob device-grant on")
        let begun = try begin(&instance)
        #expect(try ask(&instance, begun).error == "authorization_pending")
        #expect(try ask(&instance, begun).error == "slow_down")
        instance.wall += 10
        #expect(try ask(&instance, begun).error == "authorization_pending")
        try instance.control("device approve \(begun.string("user_code")) user=m.petrova")
        #expect(try ask(&instance, begun, client: "&client_id=demo.app%2Fnative").error == "invalid_grant")
        let answer = try document(ask(&instance, begun))
        #expect(answer["id_token"] != nil)
        #expect(instance.refresh(try answer.string("refresh_token")).status == 200)
        #expect(try ask(&instance, begun).error == "invalid_grant")
        #expect(instance.identity.counters["device-grants:demo.app/portal"] == 1)
    }

    @Test func `a device is refused, or the code runs out`() throws {
        var instance = try Instance()
        try instance.control("knob device-grant on")
        let refused = try begin(&instance)
        try instance.control("device refuse \(refused.string("user_code"))")
        #expect(try ask(&instance, refused).error == "access_denied")
        let late = try begin(&instance)
        instance.wall += 300
        #expect(try ask(&instance, late).error == "expired_token")
        #expect(throws: ControlError.self) { try instance.control("device approve \(late.string("user_code")) user=m.petrova") }
        try instance.control("knob auto-login a.admin")
        #expect(try ask(&instance, begin(&instance)).status == 200)
        try instance.control("knob deny access_denied")
        #expect(try ask(&instance, begin(&instance)).error == "access_denied")
    }
}
