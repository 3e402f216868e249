import Glibc
import Systemd
import Testing

@Suite struct CredentialDirectoryTests {
    @Test(arguments: ["/run/credentials/tokend.service", "/run/credentials/tokend.service/", "/"])
    func `an absolute folder is accepted without its trailing slash`(_ folder: String) {
        let path = CredentialDirectory(folder)?.path("portal-secret")
        #expect(path == (folder == "/" ? "/portal-secret" : "/run/credentials/tokend.service/portal-secret"))
    }

    @Test(arguments: [nil, "", "credentials", "./x"])
    func `any other text is not a credential folder`(_ folder: String?) { #expect(CredentialDirectory(folder) == nil) }

    @Test(arguments: [
        "", ".", "..", "a/b", "../etc/shadow", "/etc/shadow", "a:b", "a\nb", "a\u{0}b", "\u{e4}", "a\u{7f}",
        String(repeating: "n", count: 256),
    ])
    func `an id that systemd does not permit has no path`(_ id: String) {
        #expect(CredentialDirectory("/run/c")?.path(id) == nil)
    }

    @Test(arguments: ["a", "portal-secret", "store-key.2", "..a", "secret_erp.token", String(repeating: "n", count: 255)])
    func `an id that systemd permits has a path in the folder`(_ id: String) {
        #expect(CredentialDirectory("/run/c")?.path(id) == "/run/c/\(id)")
    }

    @Test func `the folder is read from the environment`() async {
        await #expect(processExitsWith: .success) {
            unsetenv("CREDENTIALS_DIRECTORY")
            #expect(CredentialDirectory() == nil)
            setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x.service", 1)
            #expect(CredentialDirectory()?.folder == "/run/credentials/x.service")
        }
    }
}
