package directory

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// markerPrefix begins the one tag that every application of ours carries, and is kept for it: callers see no tag that begins
// with it, and none is removed. The tag is what a create is found by when its reply was lost.
const markerPrefix = "appreg:"

// newMarker is the marker of one create.
func newMarker() string { return markerPrefix + strings.ReplaceAll(uuid.NewString(), "-", "") }

// splitMarkers separates our markers from the tags that a user gave.
func splitMarkers(all []string) (tags, markers []string) {
	for _, tag := range all {
		if strings.HasPrefix(tag, markerPrefix) {
			markers = append(markers, tag)
		} else {
			tags = append(tags, tag)
		}
	}
	return tags, markers
}

// withMarkers is what goes on the wire: tags are replaced whole.
func withMarkers(tags, markers []string) []string {
	return orEmpty(slices.Concat(markers, tags)) // nil would not be sent, and clear nothing
}
