/// Where the daemon tells what it does: `--log auto|journal|stderr`.
package enum LogMode: String, Sendable, CaseIterable {
    /// the journal when its socket exists, else standard error
    case auto
    case journal
    case stderr
}
