package directory

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// markerPrefix begins the one tag that every application of ours carries. It is what a create is found by when its
// reply was lost; callers never see it.
const markerPrefix = "appreg:"

// newMarker is the marker of one create.
func newMarker() string { return markerPrefix + strings.ReplaceAll(uuid.NewString(), "-", "") }

// splitMarkers separates our markers from the tags that a user gave.
func splitMarkers(all []string) (tags, markers []string) {
	for _, tag := range all {
		if isMarker(tag) {
			markers = append(markers, tag)
		} else {
			tags = append(tags, tag)
		}
	}
	return tags, markers
}

// isMarker recognises exactly what newMarker makes, so that a user's own "appreg:…" tag stays a tag.
func isMarker(tag string) bool {
	id, ok := strings.CutPrefix(tag, markerPrefix)
	return ok && len(id) == 32 && strings.Trim(id, "0123456789abcdef") == ""
}

// withMarkers is what goes on the wire: tags are replaced whole.
func withMarkers(tags, markers []string) []string {
	return orEmpty(slices.Concat(markers, tags)) // nil would not be sent, and clear nothing
}
