import Foundation
import Testing

/// A small real server on 127.0.0.1, `Resources/server.py`, which follows a script and reports what it received. It ends with its object.
final class ScriptedServer {
    /// One step of a connection; see `server.py`.
    enum Step {
        case tls, read, data, reset, close, bye, hang, tunnel, leave
        case pause(milliseconds: Int)
        case send(String)
        case sendBytes([UInt8])
        case fill(String, times: Int)
        case drip(String)

        /// `HTTP/1.1 200` with this body, ready for the next request.
        static func answer(_ body: String, headers: String = "") -> Step {
            .send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
        }

        fileprivate var word: String {
            switch self {
            case .tls: "tls"
            case .read: "read"
            case .pause(let milliseconds): "pause:\(milliseconds)"
            case .data: "data"
            case .reset: "reset"
            case .close: "close"
            case .bye: "bye"
            case .fill(let text, let times): "fill:\(times):" + Self.hex(Array(text.utf8))
            case .hang: "hang"
            case .tunnel: "tunnel"
            case .leave: "leave"
            case .send(let text): "send:" + Self.hex(Array(text.utf8))
            case .sendBytes(let bytes): "send:" + Self.hex(bytes)
            case .drip(let text): "drip:" + Self.hex(Array(text.utf8))
            }
        }

        private static func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
    }

    struct Event: Decodable {
        let connection: Int
        let event: String
        /// The number of bytes received; `hex` has the first 4096.
        let count: Int
        let hex: String

        var bytes: [UInt8] {
            let digits = hex.utf8.map { $0 <= UInt8(ascii: "9") ? $0 - UInt8(ascii: "0") : $0 - UInt8(ascii: "a") + 10 }
            return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        }
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    struct Failure: Error { let text: String }

    let port: Int
    private let process = Process()
    private let lines: AsyncStream<String>
    private var iterator: AsyncStream<String>.Iterator
    private var seen: [Event] = []

    /// Connection n follows `connections[n]`; later connections follow the last list. Without a certificate it uses plain TCP.
    convenience init(_ certificate: Certificates.Name? = .good, tls: String? = nil, connections: [[Step]]) async throws {
        try await self.init(
            "server.py",
            [
                "certificate": try certificate.map { try Certificates.file($0) } ?? NSNull(),
                "tls": tls ?? NSNull(),
                "connections": connections.map { $0.map(\.word) },
            ])
    }

    /// A server with asyncio, `Resources/asyncio_server.py`. It answers every request, and closes a connection after so many idle seconds.
    convenience init(asyncioIdle seconds: Double) async throws {
        try await self.init("asyncio_server.py", ["certificate": try Certificates.file(.good), "idle": seconds])
    }

    private init(_ name: String, _ order: [String: Any]) async throws {
        let argument = String(decoding: try JSONSerialization.data(withJSONObject: order), as: UTF8.self)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Resources/\(name)").path
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script, argument]
        process.environment = ProcessInfo.processInfo.environment.merging(["OPENSSL_CONF": "/dev/null"]) { $1 }
        process.standardInput = Pipe()
        process.standardOutput = output
        try process.run()
        lines = Self.lines(of: output.fileHandleForReading)
        iterator = lines.makeAsyncIterator()
        guard let ready = await iterator.next(), let port = Int(ready.dropFirst("READY ".count).dropLast()) else {
            throw Failure(text: "the scripted server did not start")
        }
        self.port = port
    }

    convenience init(_ certificate: Certificates.Name? = .good, tls: String? = nil, _ steps: Step...) async throws {
        try await self.init(certificate, tls: tls, connections: [steps])
    }

    deinit { process.terminate() }

    var url: String { "https://localhost:\(port)/token" }

    /// Waits for the next event of this kind.
    func next(_ kind: String) async throws -> Event {
        while let line = await iterator.next() {
            let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
            seen.append(event)
            if event.event == kind { return event }
        }
        throw Failure(text: "the scripted server ended before '\(kind)'")
    }

    /// All events up to and including the next one of this kind.
    func events(until kind: String) async throws -> [Event] {
        _ = try await next(kind)
        return seen
    }

    private static func lines(of handle: FileHandle) -> AsyncStream<String> {
        AsyncStream { continuation in
            let thread = Thread {
                let stream = fdopen(handle.fileDescriptor, "r")
                var line: UnsafeMutablePointer<CChar>?
                var room = 0
                while let stream, getline(&line, &room, stream) > 0, let line { continuation.yield(String(cString: line)) }
                free(line)
                withExtendedLifetime(handle) { continuation.finish() }
            }
            thread.start()
        }
    }
}
