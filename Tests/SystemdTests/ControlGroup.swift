import FoundationEssentials
import Glibc
import TestSupport

/// A control group in cgroupfs with the layout that systemd uses for a service.
final class ControlGroup {
    private let slice: String
    private let service: String
    let unit: String

    static var mount: String? {
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == "cgroup2" { return String(fields[1]) }
        }
        return nil
    }

    static var isWritable: Bool { mount.map { access($0, W_OK) == 0 } ?? false }

    init() throws {
        guard let mount = ControlGroup.mount else { throw TestFailure("no cgroup2 is mounted") }
        let name = "tokendtest\(getpid())"
        unit = "\(name)-sync.service"
        slice = "\(mount)/\(name).slice"
        service = "\(slice)/\(unit)"
        guard mkdir(slice, 0o755) == 0, mkdir(service, 0o755) == 0, mkdir("\(service)/sub.service", 0o755) == 0 else {
            throw TestFailure("cannot make '\(service)': errno \(errno)")
        }
    }

    /// Moves a process into the control group of the service, or into one below it.
    func adopt(_ pid: Int32, below: Bool = false) throws {
        let file = Array("\(pid)\n".utf8)
        let path = service + (below ? "/sub.service" : "") + "/cgroup.procs"
        let fd = open(path, O_WRONLY)
        defer { close(fd) }
        guard file.withUnsafeBytes({ write(fd, $0.baseAddress, $0.count) }) == file.count else {
            throw TestFailure("cannot move \(pid) to '\(path)': errno \(errno)")
        }
    }

    deinit { for folder in ["\(service)/sub.service", service, slice] { rmdir(folder) } }
}
