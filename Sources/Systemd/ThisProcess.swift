internal import CShims
internal import Glibc

/// Settings of the daemon's own process.
package enum ThisProcess {
    /// Disables core dumps, crash reports with memory contents, and access of other processes of the same user to the memory (prctl(2),
    /// PR_SET_DUMPABLE).
    package static func harden() throws(SystemError) {
        _ = try SystemError.check(tokend_harden(), "cannot protect the process's memory")
    }

    /// Raises the limit of open descriptors to the hard limit (`LimitNOFILE=`). Returns the new limit.
    package static func raiseFileLimit() throws(SystemError) -> Int {
        Int(try SystemError.check(tokend_raise_file_limit(), "cannot raise the number of open files"))
    }

    /// Gives the process a slightly higher priority than its clients, if permitted (nice(2), `CAP_SYS_NICE`). A nice value that was set by the
    /// administrator stays.
    ///
    /// If both run on one core, the kernel would otherwise resume a client that blocks in recv(2) as soon as its line was read, before there is a
    /// reply. That would cost two context switches in every other request.
    package static func raisePriority() {
        let process = __priority_which_t(PRIO_PROCESS.rawValue)
        if getpriority(process, 0) == 0 { _ = setpriority(process, 0, -3) }
    }

    /// Frees memory that only the start or a reload needed: the code that parsed arguments and configuration (a third of the daemon's memory), and
    /// freed heap memory.
    package static func releaseStartupMemory() { tokend_release_startup_memory() }
}
