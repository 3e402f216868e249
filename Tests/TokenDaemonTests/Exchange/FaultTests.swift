import Curl
import OAuth
import Secrets
import Testing
@testable import TokenDaemon

struct `What the network did` {
    @Test(
        arguments: [
            (TransferFailure.Cause.resolve, .unsent, .unreachable), (.connect, .unsent, .unreachable), (.tls, .unsent, .handshake),
            (.proxy, .unsent, .unreachable), (.proxyRefusal, .unsent, .proxyRefusal), (.certificate(reason: "x"), .unsent, .certificate),
            (.certificateTime, .unsent, .certificateTime),
            (.timeout, .unsent, .unreachable), (.timeout, .sent, .broken), (.reset, .unsent, .unreachable), (.reset, .sent, .broken),
            (.tooLarge, .sent, .tooLarge), (.protocolError, .sent, .broken), (.badURL, .unsent, .unusable), (.stopped, .sent, .stopped),
            (.stopped, .unsent, .stopped), (.other, .unsent, .broken),
        ] as [(TransferFailure.Cause, TransferFailure.Phase, TransportFault.Kind)])
    func `is told to the OAuth room in its own words`(cause: TransferFailure.Cause, phase: TransferFailure.Phase, kind: TransportFault.Kind) {
        let result = EndpointResult(.failure(TransferFailure(phase: phase, cause: cause, text: "the words")))
        guard case .fault(let fault) = result else { return #expect(Bool(false), "a failure is a fault") }
        #expect(fault == TransportFault(unsent: phase == .unsent, kind: kind, text: "the words"))
    }
}
