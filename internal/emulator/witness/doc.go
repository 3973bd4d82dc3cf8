// Package witness holds tests that compare the emulator with Microsoft's own client library: what the library's models
// don't know, the emulator must not send, but for a written list.
package witness
