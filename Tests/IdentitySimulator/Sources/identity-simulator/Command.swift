internal import Glibc

/// Runs `openssl` and waits for it. Its output is written to `log`.
/// - Throws: `SystemError` with the end of the log if the exit status is not 0.
func openssl(_ arguments: [String], log: String) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var argv: [UnsafeMutablePointer<CChar>?] = (["openssl"] + arguments).map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var pid: pid_t = 0
    let failure = posix_spawnp(&pid, "openssl", &actions, nil, &argv, environ)
    guard failure == 0 else { throw SystemError("cannot run openssl", errno: failure) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    guard status == 0 else { throw SystemError("openssl \(arguments[0]) failed: \(readFile(log) ?? "")") }
}
