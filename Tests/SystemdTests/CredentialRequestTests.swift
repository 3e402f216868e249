@testable import Systemd
import Testing

@Suite struct CredentialRequestTests {
    @Test(arguments: [
        ("\0fecc004bd1591f60/unit/erp-sync.service/portal.sync", "erp-sync.service", "portal.sync"),
        ("\0a/unit/erp-sync@.service.service/x", "erp-sync@.service.service", "x"),
        ("\00/unit/erp-sync@home-a\\x2db.service/portal.sync", "erp-sync@home-a\\x2db.service", "portal.sync"),
        ("\0ffffffffffffffff/unit/a:b_c.service/nightly job", "a:b_c.service", "nightly job"),
        ("\01/unit/_cgroup.service/...", "_cgroup.service", "..."),
    ])
    func `an address in the form of systemd is a request`(address: String, unit: String, id: String) {
        let request = CredentialRequest(address: Array(address.utf8))
        #expect(request?.unit == unit)
        #expect(request?.id == id)
    }

    @Test(arguments: [
        "", "\0", "/run/x/unit/erp-sync.service/portal.sync", "fecc/unit/erp-sync.service/portal.sync",
        "\0/unit/erp-sync.service/portal.sync", "\0FECC/unit/erp-sync.service/portal.sync", "\0fecg/unit/erp-sync.service/portal.sync",
        "\0fecc004bd1591f601/unit/erp-sync.service/portal.sync", "\0fecc/Unit/erp-sync.service/portal.sync", "\0fecc/unit/erp-sync.service",
        "\0fecc/unit/erp-sync.service/", "\0fecc/unit//portal.sync", "\0fecc/unit/erp-sync.service/portal.sync/", "\0fecc//unit/erp-sync.service/portal.sync",
        "\0fecc/unit/a/erp-sync.service/portal.sync", "\0fecc/unit/erp-sync.service/portal.sync\0", "\0\0fecc/unit/erp-sync.service/portal.sync",
        "\0fecc/unit/erp-sync.service/portal\0sync", "\0fecc/unit/erp-sync.service/portal\nsync", "\0fecc/unit/erp-sync.service/a:b",
        "\0fecc/unit/erp-sync.service/.", "\0fecc/unit/erp-sync.service/..", "\0fecc/unit/erp-sync.service/\u{e9}", "\0fecc/unit/erp-sync.socket/portal.sync",
        "\0fecc/unit/.service/portal.sync", "\0fecc/unit/@x.service/portal.sync", "\0fecc/unit/erp sync.service/portal.sync",
        "\0fecc/unit/erp-sync.service ", " \0fecc/unit/erp-sync.service/portal.sync", "\0fecc unit/erp-sync.service/portal.sync",
    ])
    func `any other address is not a request`(address: String) {
        #expect(CredentialRequest(address: Array(address.utf8)) == nil)
    }

    @Test func `a truncated or extended address is never the same request`() throws {
        let address = Array("\0fecc004bd1591f60/unit/erp-sync.service/portal.sync".utf8)
        let request = try #require(CredentialRequest(address: address))
        // a prefix is not a request unless it contains the unit; then it is a request for another credential
        let unitEnd = address.count - "/portal.sync".utf8.count
        for count in 0..<address.count {
            let cut = CredentialRequest(address: Array(address[..<count]))
            #expect(cut != request)
            if count <= unitEnd + 1 { #expect(cut == nil) }
        }
        #expect(CredentialRequest(address: address + [0]) == nil)
        #expect(CredentialRequest(address: address + Array("x".utf8)) != request)
    }

    static let address = Array("\0fecc/unit/erp-sync.service/portal.sync".utf8)

    @Test(
        arguments: [
            (0, PeerUnit.unit("erp-sync.service"), nil), (1000, .unit("erp-sync.service"), CredentialRequestError.notRoot),
            (0, .unit("erp-sync2.service"), .otherUnit(claimed: "erp-sync.service")), (0, .none, .otherUnit(claimed: "erp-sync.service")),
            (0, .untold, .otherUnit(claimed: "erp-sync.service")), (0, .failed, .gone), (1, .failed, .notRoot),
        ] as [(UInt32, PeerUnit, CredentialRequestError?)])
    func `a request is accepted only from a root process in the unit that it names`(uid: UInt32, unit: PeerUnit, doubt: CredentialRequestError?) {
        let result = credentialRequest(of: Peer(uid: uid, gid: uid, pid: 7, unit: unit), address: Self.address)
        switch result {
        case .success(let request):
            #expect(doubt == nil)
            #expect(request.unit == "erp-sync.service" && request.id == "portal.sync")
        case .failure(let found): #expect(found == doubt)
        }
    }

    @Test func `a wrong address is reported before a wrong unit, and after a wrong user`() {
        #expect(credentialRequest(of: Peer(uid: 0, gid: 0, pid: 7, unit: .none), address: []) == .failure(.address))
        #expect(credentialRequest(of: Peer(uid: 7, gid: 7, pid: 7, unit: .none), address: []) == .failure(.notRoot))
    }
}
