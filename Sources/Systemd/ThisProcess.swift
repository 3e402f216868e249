internal import CShims
internal import Glibc

/// What the daemon changes about its own process.
package enum ThisProcess {
    /// No core dump, no crash report with pieces of memory, and no other process of the same user may look into the memory
    /// (prctl(2), PR_SET_DUMPABLE).
    package static func harden() throws(SystemError) {
        _ = try SystemError.check(tokend_harden(), "cannot protect the process's memory")
    }

    /// Raises the number of descriptors to what the administrator allows (`LimitNOFILE=`); the number that holds now.
    package static func raiseFileLimit() throws(SystemError) -> Int {
        Int(try SystemError.check(tokend_raise_file_limit(), "cannot raise the number of open files"))
    }

    /// Puts the process a little before those who ask it, where it may (nice(2), `CAP_SYS_NICE`); a priority that somebody has chosen stays.
    ///
    /// Whoever asks waits for it. Yet where both are on one core the kernel would let a caller that blocks in recv(2) go on as soon as its line
    /// has been read, before there is a reply: two switches for nothing in every other request.
    package static func raisePriority() {
        let process = __priority_which_t(PRIO_PROCESS.rawValue)
        if getpriority(process, 0) == 0 { _ = setpriority(process, 0, -3) }
    }

    /// Lets go of what only the start or a reload needed: the code that parsed arguments and configuration, a third of the daemon's
    /// memory, and what was freed.
    package static func releaseStartupMemory() { tokend_release_startup_memory() }

    /// The name of the calling thread in `ps -L`, cut at 15 bytes.
    package static func nameThread(_ name: String) { _ = tokend_set_name(name) }
}
