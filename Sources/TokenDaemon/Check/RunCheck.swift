internal import Glibc
internal import TokenConfiguration

/// `tokend --check`: prints what is wrong with the configuration in a folder; the exit status (sysexits.h).
///
/// - Parameters:
///   - user: the daemon's, where it is not the one that is usual for this folder.
///   - isOnline: asks the servers too.
///   - hostsAlone: where nothing is wrong, prints whom the daemon connects to and nothing else.
package func runCheck(of folder: String, for user: UInt32?, isOnline: Bool, hostsAlone: Bool) -> Int32 {
    let reading = readConfiguration(at: folder, secrets: .ofCheck(at: folder, for: user))
    let report = checkReport(reading)
    for line in hostsAlone && !reading.hasErrors ? reading.hosts : report.lines { print(line) }
    return isOnline ? checkServers(reading, of: folder) : report.exitStatus
}

/// Asks nobody while the configuration has errors: what is asked for could be as wrong.
private func checkServers(_ reading: ConfigurationReading, of folder: String) -> Int32 {
    guard !reading.hasErrors else {
        print("online: nobody was asked; correct the configuration first")
        return EX_CONFIG
    }
    do {
        let status = try OnlineCheck(reading, say: sayAtOnce).run()
        if let remedy = reading.remedyForCredentials(at: folder) { print(remedy) }
        return status
    } catch {
        complain(["\(error)"])
        return EX_OSERR
    }
}

/// A server may take half a minute: whoever waits sees what is there.
private func sayAtOnce(_ line: String) {
    print(line)
    fflush(nil)
}
