internal import Glibc
package import TokenConfiguration

/// Serves until a signal; the exit status (sysexits.h).
package func runDaemon(_ options: DaemonOptions) -> Int32 {
    do {
        return try Daemon(options).run() ? EX_OK : EX_IOERR
    } catch let refused as ConfigurationRefused {
        complain(refused.report)
        return EX_CONFIG
    } catch {
        complain(["\(error)"])
        return EX_OSERR
    }
}
