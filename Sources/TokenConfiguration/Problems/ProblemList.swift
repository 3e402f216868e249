/// A place in the configuration that a problem can be reported at.
struct Place: Hashable {
    var file: String
    var line: Int?
    var key: String?

    /// The same place, for a key below it that is not there.
    func below(_ name: String) -> Place {
        Place(file: file, line: line, key: key.map { "\($0).\(name)" } ?? name)
    }
}

/// Why a value is not acceptable, and the remedy: the end of a sentence that begins with its key.
package struct Complaint: Error, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }
}

/// All problems of one reading, collected while it goes on.
final class ProblemList {
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var hasErrors = false

    func append(_ problem: ConfigurationProblem) {
        problems.append(problem)
        if problem.severity == .error { hasErrors = true }
    }

    func error(_ text: String, at place: Place) {
        append(ConfigurationProblem(file: place.file, line: place.line, key: place.key, text: text))
    }

    func warning(_ text: String, at place: Place) {
        append(ConfigurationProblem(file: place.file, line: place.line, key: place.key, text: text, severity: .warning))
    }

    /// What `work` returns; a complaint of it is reported here and gives `nil`.
    func reporting<Value>(at place: Place, _ work: () throws(Complaint) -> Value) -> Value? {
        do {
            return try work()
        } catch {
            self.error(error.text, at: place)
            return nil
        }
    }
}
