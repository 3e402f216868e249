internal import CShims
internal import Glibc
internal import TokenWire

/// Why a command did not do what it was asked to, named by what its caller can do next.
enum Failure: Error {
    /// Nobody answers at this path; the error number says how the connection failed.
    case noDaemon(String, Int32)
    /// The daemon said nothing for this many seconds.
    case silent(Int)
    /// The daemon closed the connection instead of answering.
    case closed
    /// The daemon closed the connection inside a line.
    case cutReply
    /// What answered does not speak this protocol.
    case strangeReply
    /// The connection failed with this error number.
    case connection(Int32)
    /// The daemon, or the rules of the protocol, said no.
    case refused(Refusal, rows: [String])
    /// The server at this path runs as this user, whom no secret is to be given.
    case stranger(String, UInt32)
    /// Nobody was signed in; the sentence says why, and what to do.
    case notSignedIn(String)
    /// So many of the tokens that an administrator wanted anew are as they were.
    case notRenewed(failed: Int, of: Int)
    /// What was given cannot be used; the sentence says why, and repeats nothing of it.
    case unusable(String)
    /// What was asked for could not be printed; the error number says why.
    case output(Int32)
    /// A file could not be written; the error number says why.
    case file(String, Int32)
    /// A program could not be started; the error number says why.
    case cannotRun(String, Int32)
    /// What was to be set up is not; the sentence says what failed, and what became of the rest.
    case notSetUp(String, Int32)
    /// The journal may not be read; the sentence says who may.
    case closedJournal(String)
    /// journalctl did not do its work; what it said, and its exit status.
    case journal(String, Int32)

    /// The exit status (sysexits.h where it has a number).
    var status: Int32 {
        switch self {
        case .noDaemon(_, ENAMETOOLONG): 64
        case .noDaemon, .silent, .closed, .connection, .stranger: 69
        case .notRenewed: RefusalCode.unavailable.exitStatus
        case .notSignedIn: RefusalCode.loginRequired.exitStatus
        case .unusable: 64
        case .cutReply, .strangeReply: 70
        case .refused(let refusal, _): refusal.code.exitStatus
        case .output: 74
        case .file: 73
        case .cannotRun(_, ENOENT): 127
        case .cannotRun: 126
        case .notSetUp(_, let status): status
        case .closedJournal: 77
        case .journal(_, 1): 64
        case .journal: 70
        }
    }

    /// One calm sentence with its remedy.
    var text: String {
        switch self {
        case .noDaemon(let path, let error):
            "no daemon answers at \"\(Quotation.plain(path))\": \(Failure.words(error))\(Failure.remedy(error))"
        case .silent(let seconds): "the daemon has not answered for \(seconds) s; the journal may say why: journalctl -u tokend"
        case .closed: "the daemon closed the connection without an answer; the journal may say why: journalctl -u tokend"
        case .cutReply: "the daemon closed the connection in the middle of its answer; try again"
        case .strangeReply: "the answer is not of the tokend protocol; is that socket tokend's?"
        case .connection(let error): "the connection to the daemon failed: \(Failure.words(error)); try again"
        case .refused(let refusal, _): refusal.sentence
        case .stranger(let path, let user):
            "the server at \"\(Quotation.plain(path))\" belongs to uid \(user), not to root, tokend or you, so it was told nothing; is that socket tokend's?"
        case .notRenewed(_, of: 0): "nothing is held, so nothing was renewed; the next request fetches it"
        case .notRenewed(let failed, let all): "\(failed == all ? "nothing" : "not all") was renewed; the reason stands in the row"
        case .notSignedIn(let sentence), .unusable(let sentence), .closedJournal(let sentence), .notSetUp(let sentence, _): sentence
        case .journal(let words, _): "journalctl failed: \(Quotation.plain(words.split(separator: "\n").last.map(String.init) ?? "it did not say why"))"
        case .file(let path, let error): "could not write \"\(Quotation.plain(path))\": \(Failure.words(error))"
        case .cannotRun(let program, let error): "cannot run \"\(Quotation.plain(program))\": \(Failure.words(error))"
        case .output(let error): "could not write to standard output: \(Failure.words(error))"
        }
    }

    /// Says on standard error what went wrong, rows first, and returns the exit status.
    func report(about subject: String? = nil) -> Int32 {
        var message = ""
        if case .refused(_, let rows) = self {
            for row in rows { message += "\(Quotation.plain(row))\n" }
        }
        message += "tokenctl: "
        if let subject { message += Quotation.plain(subject) + ": " }
        StandardError.write(MistakenToken.hidden(in: message + text) + "\n")
        return status
    }

    private static func words(_ error: Int32) -> String { String(cString: strerror(error)) }

    private static func remedy(_ error: Int32) -> String {
        switch error {
        case ENOENT, ECONNREFUSED: "; start it with: systemctl start tokend.socket"
        case ENAMETOOLONG: "; the path of a socket has at most 107 bytes"
        default: ""
        }
    }
}
