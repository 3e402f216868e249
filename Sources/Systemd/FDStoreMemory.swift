internal import CShims
internal import Glibc
internal import Synchronization

/// Memory in the file descriptor store of systemd: a memfd that systemd passes to the next process (sd_pid_notify_with_fds(3), `FDSTORE=1`). It
/// survives a restart and a crash, but not a stop. It grows when it is written to, and allocates only the pages that were written.
///
/// Root can read it through systemd, and another process may have stored a memfd with the same name. Its content must therefore be sealed.
package final class FDStoreMemory: Sendable {
    private let descriptor: Int32
    private let name: String
    private let mapped = Mutex<[(address: UInt, count: Int)]>([])

    /// The memfd that systemd stored with this name. `nil` if there is none, or more than one.
    package static func inherited(_ name: String) -> FDStoreMemory? {
        let found = inheritedDescriptors(named: name).filter { fd in
            var facts = stat()
            return fstat(fd, &facts) == 0 && facts.st_mode & S_IFMT == S_IFREG
        }
        guard found.count == 1, let fd = found.first, fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        return FDStoreMemory(descriptor: fd, name: name)
    }

    /// A new, empty memfd. Only this process has it until `store` is called.
    package convenience init(_ name: String) throws(SystemError) {
        self.init(descriptor: try SystemError.check(tokend_memfd(name), "cannot make memory that outlives the process"), name: name)
    }

    private init(descriptor: Int32, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    deinit {
        mapped.withLock { for (address, count) in $0 { munmap(UnsafeMutableRawPointer(bitPattern: address), count) } }
        close(descriptor)
    }

    /// Replaces the memfd of this name in the file descriptor store (`FileDescriptorStoreMax=`). Returns `false` if there is no store.
    package func store() -> Bool {
        guard NotifySocket.hasStore else { return false }
        // the next process rejects two descriptors of one name
        guard NotifySocket.send("FDSTOREREMOVE=1\nFDNAME=\(name)", .waitOnce) else { return false }
        return NotifySocket.send("FDSTORE=1\nFDNAME=\(name)", passing: descriptor, .waitOnce)
    }

    /// The size in bytes, at most `longest`.
    package var size: Int {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? min(Int(facts.st_size), FDStoreMemory.longest) : 0
    }

    /// 1 TiB, more than is ever used. Another process may have extended the file, which allocates no memory.
    private static let longest = 1 << 40

    /// The number of bytes that are allocated, in whole pages.
    package var allocatedSize: Int {
        var facts = stat()
        return fstat(descriptor, &facts) == 0 ? Int(facts.st_blocks) * 512 : 0
    }

    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let part = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, offset + done)
            if part < 0, errno == EINTR { continue }
            guard part > 0 else { throw SystemError("cannot write to the memory that outlives the process", errno: part < 0 ? errno : EIO) }
            done += part
        }
    }

    /// Maps the first `count` bytes into this process, and extends the memory if it is shorter. The mapping is valid as long as this object.
    package func map(_ count: Int) throws(SystemError) -> UnsafeMutableRawPointer {
        if size < count, ftruncate(descriptor, count) != 0 { throw SystemError("cannot make room in the memory that outlives the process", errno: errno) }
        guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
            throw SystemError("cannot map the memory that outlives the process", errno: errno)
        }
        mapped.withLock { $0.append((UInt(bitPattern: start), count)) }
        return start
    }

    /// Reads up to the size of the buffer. Returns the number of bytes read.
    package func read(into room: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        var count = 0
        while count < room.count {
            let part = pread(descriptor, room.baseAddress.map { $0 + count }, room.count - count, offset + count)
            if part < 0, errno == EINTR { continue }
            if part <= 0 { break }
            count += part
        }
        return count
    }

    /// Frees the pages of a range. The range then reads as zeros.
    package func clear(_ range: Range<Int>) {
        _ = tokend_punch_hole(descriptor, Int64(range.lowerBound), Int64(range.count))
    }
}
