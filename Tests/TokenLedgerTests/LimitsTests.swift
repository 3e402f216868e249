import TokenLedger
import Testing

@Suite struct LimitsTests {
    @Test(arguments: [(16_384, 20_000, true), (17_532, 20_000, true), (17_533, 20_000, false), (1_000_000, 20_000, false), (1_000_000, 1_048_576, true)])
    func `connections that do not fit into the process's descriptors are told, with what to do`(_ connections: Int, _ descriptors: Int, _ fits: Bool) {
        var limits = Limits()
        limits.connections = connections
        let text = limits.shortage(of: descriptors)
        #expect((text == nil) == fits)
        if let text { #expect(text.contains("connections = \(connections)") && text.contains("\(descriptors)") && text.contains("LimitNOFILE=")) }
    }
}
