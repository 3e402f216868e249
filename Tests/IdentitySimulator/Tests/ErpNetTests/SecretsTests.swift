import ErpNet
import Testing

struct SecretsTests {
    @Test func `what was given out is told to a test, and whether it is still good`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        let reference = try instance.control("reference mint app=demo.app/sync")["token"]
        let refresh = try instance.control("grant mint app=demo.app/portal user=m.petrova")["refresh_token"]
        #expect(try instance.told() == ["access_token live": .string(token), "reference_token live": reference, "refresh_token live": refresh])
        instance.wall += 3600
        try instance.control("grant delete all")
        #expect(try instance.told().keys.sorted() == ["access_token over", "reference_token live", "refresh_token over"])
        instance.identity.reset()
        #expect(try instance.told().isEmpty)
    }
}

extension Instance {
    /// The secrets by their kind and state.
    fileprivate mutating func told() throws -> [String: JSON] {
        guard case .array(let all)? = try control("secrets")["secrets"] else { return [:] }
        return Dictionary(
            uniqueKeysWithValues: all.compactMap { entry in
                guard case .string(let kind)? = entry["kind"] else { return nil }
                return (kind + (entry["live"] == true ? " live" : " over"), entry["value"] ?? .null)
            })
    }
}
