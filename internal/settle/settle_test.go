package settle_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/appreg/terraform-provider-appreg/internal/settle"
)

var errLag = errors.New("not there yet")

func TestUntilTriesAtOnceAndBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		got, err := settle.Until(t.Context(),
			func(context.Context) (int, error) {
				at = append(at, time.Since(start))
				return len(at), nil
			},
			func(n int, err error) bool { return err == nil && n == 12 })
		if got != 12 || err != nil {
			t.Fatalf("Until = %d, %v", got, err)
		}
		if at[0] != 0 {
			t.Errorf("the first try came after %v", at[0])
		}
		if second := at[1]; second < 50*time.Millisecond || second > 100*time.Millisecond {
			t.Errorf("the second try came after %v", second)
		}
		for i := 1; i < len(at); i++ {
			if pause := at[i] - at[i-1]; pause > 3*time.Second {
				t.Errorf("pause %d took %v", i, pause)
			}
		}
	})
}

func TestUntilReturnsAnErrorThatDoneAccepts(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	_, err := settle.Until(t.Context(),
		func(context.Context) (int, error) { return 0, boom },
		func(_ int, err error) bool { return err != nil })
	if !errors.Is(err, boom) {
		t.Fatalf("err = %v", err)
	}
	var timeout *settle.TimeoutError
	if errors.As(err, &timeout) {
		t.Error("an accepted error is no timeout")
	}
}

func TestUntilEndsWithItsContextAndKeepsWhatWasLastSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		got, err := settle.Until(ctx,
			func(ctx context.Context) (string, error) {
				if ctx.Err() != nil {
					return "", ctx.Err()
				}
				return "stale", errLag
			},
			func(string, error) bool { return false })
		if time.Since(start) != time.Minute {
			t.Errorf("ended after %v", time.Since(start))
		}
		var timeout *settle.TimeoutError
		if !errors.As(err, &timeout) || timeout.Tries < 20 {
			t.Fatalf("err = %v", err)
		}
		if got != "stale" || !errors.Is(err, errLag) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestUntilDuringATryThatIsCutShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries := 0
		got, err := settle.Until(ctx,
			func(ctx context.Context) (int, error) {
				if tries++; tries == 3 {
					cancel()
					return 0, ctx.Err()
				}
				return 7, nil
			},
			func(int, error) bool { return false })
		if got != 7 || !errors.Is(err, context.Canceled) {
			t.Errorf("got %d, %v", got, err)
		}
	})
}
