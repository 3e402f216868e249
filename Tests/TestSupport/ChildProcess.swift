internal import Glibc

/// A child process that is killed and reaped when the last reference is released. Its input and output are /dev/null.
package final class ChildProcess {
    package let pid: Int32
    private var isReaped = false

    /// The program, looked up in PATH, and its arguments.
    package convenience init(_ words: String...) throws { try self.init(words) }

    package init(_ words: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var strings: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        var child: pid_t = 0
        let result = posix_spawnp(&child, words[0], &actions, nil, &strings, environ)
        guard result == 0 else { throw TestFailure("cannot start '\(words[0])': errno \(result)") }
        pid = child
    }

    deinit { end() }

    /// Kills and reaps it: its PID may be reused.
    package func end() {
        guard !isReaped else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        isReaped = true
    }

    /// Kills it without reaping it: it is a zombie.
    package func endUncollected() {
        kill(pid, SIGKILL)
        var state = siginfo_t()
        waitid(P_PID, id_t(pid), &state, WEXITED | WNOWAIT)
    }
}
