import Codecs
import Foundation

/// A small real authorization server on https://localhost, scripted: what each path answers, one time after the other. It notes
/// every request before it answers. Gone with its object.
final class ScriptedAuthority {
    struct Answer {
        var status: Int
        var headers: [String: String] = [:]
        /// `ISSUER` in it becomes the server's own address.
        var body: String
        /// Seconds before it answers; `nil`: never.
        var delay: Double? = 0

        static func ok(_ body: String) -> Answer { Answer(status: 200, body: body) }
        static func no(_ status: Int, _ body: String = "", headers: [String: String] = [:]) -> Answer {
            Answer(status: status, headers: headers, body: body)
        }
        static let hangs = Answer(status: 200, body: "", delay: nil)
        static func metadata(token path: String = "/token") -> Answer {
            .ok(#"{"issuer":"ISSUER","token_endpoint":"ISSUER\#(path)"}"#)
        }
        static func token(_ token: String = "AT-1") -> Answer {
            .ok(#"{"access_token":"\#(token)","token_type":"Bearer","expires_in":60,"scope":"read"}"#)
        }

        fileprivate var order: [String: Any] { ["status": status, "headers": headers, "body": body, "delay": delay ?? -1] }
    }

    struct Request: Decodable {
        let method: String
        let path: String
        let headers: [String: String]
        let body: String
        /// Of the client: another number is another connection.
        let port: Int
    }

    private struct Failure: Error { let text: String }

    let issuer: String
    let caFile: String
    private let folder: URL
    private let process = Process()

    /// The last answer of each path is given again and again; other paths answer 404.
    convenience init(_ script: [String: [Answer]]) throws { try self.init { _ in script } }

    /// - Parameter script: what it answers, made from the issuer that it turns out to be.
    init(_ script: (_ issuer: String) throws -> [String: [Answer]]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokend-authority-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        caFile = folder.appendingPathComponent("certificate.pem").path
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, folder.path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        let ready = Self.line(from: output.fileHandleForReading)
        guard let port = Int(ready) else { throw Failure(text: "the scripted authority did not start: '\(ready)'") }
        issuer = "https://localhost:\(port)"
        let order = try script(issuer).mapValues { $0.map(\.order) }
        try input.fileHandleForWriting.write(contentsOf: JSONSerialization.data(withJSONObject: order) + Data("\n".utf8))
    }

    isolated deinit {
        process.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Every request so far, in order.
    var seen: [Request] {
        let text = (try? String(contentsOf: folder.appendingPathComponent("seen"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
    }

    /// `"GET /path"` of every request so far.
    var asked: [String] { seen.map { "\($0.method) \($0.path)" } }

    private static func line(from handle: FileHandle) -> String {
        var line = Data()
        while line.last != UInt8(ascii: "\n"), case let part = handle.availableData, !part.isEmpty { line.append(part) }
        return String(decoding: line.dropLast(), as: UTF8.self)
    }

    private static let program = """
        import http.server, json, os, ssl, subprocess, sys, threading, time
        folder, lock = sys.argv[1], threading.Lock()
        pem, key = folder + "/certificate.pem", folder + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", pem,
            "-days", "2", "-subj", "/CN=authority", "-addext", "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)

        class Authority(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                with lock:
                    with open(folder + "/seen", "a") as seen:
                        seen.write(json.dumps({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body,
                            "port": self.client_address[1]}) + "\\n")
                    answers = script.get(self.path, [{"status": 404, "headers": {}, "body": "", "delay": 0}])
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if answer["delay"] < 0: threading.Event().wait()
                time.sleep(answer["delay"])
                data = answer["body"].replace("ISSUER", issuer).encode()
                self.send_response(answer["status"])
                for name, value in answer["headers"].items(): self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            do_POST = do_GET
            def log_message(self, *arguments): pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            def handle_error(self, request, address): pass

        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pem, key)
        server = Server(("127.0.0.1", 0), Authority)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        issuer = "https://localhost:%d" % server.server_port
        print(server.server_port, flush=True)
        script = json.loads(sys.stdin.readline())
        threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
        server.serve_forever()
        """
}
