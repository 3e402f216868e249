import Systemd
import TestSupport
import Testing

@Suite struct PeerUnitKernelTests {
    @Test(.enabled(if: ControlGroup.isWritable, "needs to make a control group: root"))
    func `a process in the control group of a service has its unit, with every method`() throws {
        let group = try ControlGroup()
        let connection = try Connection.accepted()
        defer { connection.peer.end() }
        try group.adopt(connection.peer.pid)
        for method in IdentificationMethod.allCases {
            #expect(identifyPeer(of: connection.fd, method: method)?.unit == .unit(group.unit))
        }
        try group.adopt(connection.peer.pid, below: true)
        #expect(identifyPeer(of: connection.fd)?.unit == .unit(group.unit))
    }
}
