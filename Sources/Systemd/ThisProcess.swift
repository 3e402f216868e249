internal import CShims

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

    /// Lets go of what only the start or a reload needed: the code that parsed arguments and configuration, a third of the daemon's
    /// memory, and what was freed.
    package static func forgetReading() { tokend_forget_reading() }

    /// The name of the calling thread in `ps -L`, cut at 15 bytes.
    package static func nameThread(_ name: String) { _ = tokend_set_name(name) }
}
