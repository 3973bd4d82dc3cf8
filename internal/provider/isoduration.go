package provider

import (
	"regexp"
	"strconv"
)

var isoDurationForm = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)

// isoDays gives the whole days of an ISO 8601 duration of days and time, as tenant policies write them. Years, months
// and weeks are not among those.
func isoDays(text string) (days int, ok bool) {
	m := isoDurationForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	seconds := 0
	for i, unit := range []int{86400, 3600, 60, 1} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.Atoi(m[i+1])
		if err != nil || n > 1_000_000 {
			return 0, false
		}
		seconds += n * unit
	}
	return seconds / 86400, seconds >= 86400
}
