@testable import Systemd
import Testing

@Suite struct PeerUnitTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let content: String
        let unit: PeerUnit
        init(_ content: String, _ unit: PeerUnit) { (self.content, self.unit) = (content, unit) }
        var testDescription: String { content.isEmpty ? "nothing" : String(reflecting: content.prefix(80)) }
    }

    static let services: [Case] = [
        Case("0::/system.slice/erp-sync.service\n", .unit("erp-sync.service")),
        Case("0::/system.slice/erp-sync.service/sub/deeper\n", .unit("erp-sync.service")),
        Case("0::/erp-sync.service\n", .unit("erp-sync.service")),
        Case("0::/a.slice/a-b.slice/a-b-c.slice/x.service\n", .unit("x.service")),
        Case("0::/system.slice/system-worker.slice/worker@7.service\n", .unit("worker@7.service")),
        Case(
            "0::/system.slice/system-mount\\x2dwatch.slice/mount\\x2dwatch@home-a\\x2db.service\n",
            .unit("mount\\x2dwatch@home-a\\x2db.service")),
        Case("0::/system.slice/a:b.service\n", .unit("a:b.service")),
        Case("0::/system.slice/__.service\n", .unit("_.service")),
        Case("0::/system.slice/_cgroup.service\n", .unit("cgroup.service")),
        Case(
            "0::/system.slice/\(String(repeating: "n", count: 247)).service\n",
            .unit(String(repeating: "n", count: 247) + ".service")),
    ]

    static let delegated: [Case] = [
        Case("0::/system.slice/low.service/system.slice/erp-sync.service\n", .unit("low.service")),
        Case("0::/system.slice/low.service/../erp-sync.service\n", .unit("low.service")),
        Case("0::/user.slice/user-1000.slice/user@1000.service/app.slice/erp-sync.service\n", .unit("user@1000.service")),
        Case("0::/user.slice/user-1000.slice/session-3.scope/erp-sync.service\n", .none),
        Case("0::/machine.slice/systemd-nspawn@m.service/payload/system.slice/erp-sync.service\n", .unit("systemd-nspawn@m.service")),
    ]

    static let withoutUnit: [Case] = [
        Case("0::/\n", .none),
        Case("0::/init.scope\n", .none),
        Case("0::/user.slice/user-1000.slice/session-3.scope\n", .none),
        Case("0::/machine.slice/machine-debian.scope/payload/system.slice/erp-sync.service\n", .none),
        Case("0::/docker/0123456789ab\n", .none),
        Case("0::/docker/erp-sync.service\n", .none),
        Case("0::/system.slice\n", .none),
        Case("0::/system.slice/.service\n", .none),
        Case("0::/system.slice/@x.service\n", .none),
        Case("0::/system.slice/erp-sync.service.d\n", .none),
        Case("0::/system.slice/erp sync.service\n", .none),
        Case("0::/system.slice/erp-s\u{fc}nc.service\n", .none),
        Case("0::/.slice/erp-sync.service\n", .none),
        Case("0::/../erp-sync.service\n", .none),
        Case("0::/system.slice/\(String(repeating: "n", count: 248)).service\n", .none),
    ]

    static let hybrid: [Case] = [
        Case("12:pids:/system.slice/x.service\n1:name=systemd:/system.slice/x.service\n0::/system.slice/x.service\n", .unit("x.service")),
        Case("12:pids:/\n1:name=systemd:/system.slice/x.service\n0::/\n", .unit("x.service")),
        Case("12:pids:/\n1:name=systemd:/system.slice/x.service\n", .unit("x.service")),
        Case("1:name=systemd:/system.slice/other.service\n0::/system.slice/x.service\n", .unit("x.service")),
        Case("9:name=systemd:/\n4:memory:/system.slice/x.service\n0::/\n", .none),
        Case("2:name=elogind:/system.slice/x.service\n0::/\n", .none),
        Case("10:cpu,cpuacct:/system.slice/x.service\n1:name=systemd:/user.slice/session-1.scope\n", .none),
    ]

    static let garbage: [Case] = [
        Case("", .failed), Case("\n", .failed), Case("0::\n", .failed), Case("0:/\n", .failed), Case("no colons\n", .failed),
        Case("0::relative.service\n", .failed), Case("0::/system.slice/erp-sync.service", .failed),
        Case("0::/system.slice/erp-sync.service (deleted)\n", .failed),
        Case("4:memory:/system.slice/erp-sync.service\n", .failed),
        Case("garbage\n0::/system.slice/erp-sync.service\n", .failed),
        Case("0::/system.slice/erp-sync.service\n\u{0}\u{0}", .failed),
    ]

    @Test(arguments: services)
    func `a service is found below its slices`(_ c: Case) { #expect(unitName(cgroup: c.content) == c.unit) }

    @Test(arguments: delegated)
    func `control groups below the unit do not change the unit`(_ c: Case) { #expect(unitName(cgroup: c.content) == c.unit) }

    @Test(arguments: withoutUnit)
    func `any other control group is not in a service`(_ c: Case) { #expect(unitName(cgroup: c.content) == c.unit) }

    @Test(arguments: hybrid)
    func `on a host with legacy hierarchies the hierarchy of systemd counts`(_ c: Case) { #expect(unitName(cgroup: c.content) == c.unit) }

    @Test(arguments: garbage)
    func `an invalid content gives failed`(_ c: Case) { #expect(unitName(cgroup: c.content) == c.unit) }

    static let containers: [(String, String, PeerUnit)] = [
        ("0::/docker/1f/system.slice/x.service\n", "/docker/1f", .unit("x.service")),
        ("0::/docker/1f\n", "/docker/1f", .none),
        ("0::/docker/1f2/system.slice/x.service\n", "/docker/1f", .none),
        ("0::/system.slice/x.service\n", "/docker/1f", .none),
        ("0::/machine.slice/m.service/payload/system.slice/x.service\n", "/machine.slice/m.service/payload", .unit("x.service")),
    ]

    @Test(arguments: containers)
    func `in a container the units are below the control group of PID 1`(_ content: String, _ root: String, _ unit: PeerUnit) {
        #expect(unitName(cgroup: content, below: root) == unit)
    }

    @Test(arguments: [
        ("0::/init.scope\n", ""), ("0::/\n", ""), ("", ""), ("0::/docker/1f/init.scope\n", "/docker/1f"),
        ("1:name=systemd:/docker/1f/init.scope\n0::/\n", "/docker/1f"), ("0::/docker/1f\n", ""),
    ])
    func `the control group of the units is derived from PID 1`(_ content: String, _ root: String) {
        #expect(unitRoot(ofFirstProcess: content) == root)
    }

    @Test func `a truncated content never names another unit`() {
        let whole = "0::/system.slice/erp-sync.service/sub\n"
        for length in 0..<whole.utf8.count { #expect(unitName(cgroup: String(whole.prefix(length))) == .failed) }
    }
}
