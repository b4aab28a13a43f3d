package main

import "slices"

// A flood is what a summary says of the 429s that have no line.
type flood struct {
	total, givenUp           int
	users, operations, pairs []named
	unsure                   unsure
}

// An unsure is how many more may be of the user that is asked for: the log does not
// say whose they are.
type unsure struct {
	Total   int `json:"total"`
	GivenUp int `json:"given_up"`
}

// flood returns what a summary says, of one user only if one is asked for.
func (l *line) flood(user string) flood {
	f := flood{total: l.Other, givenUp: l.GivenUp}
	for _, c := range l.Rest {
		f.total += c.Count
		f.pairs = append(f.pairs, named{Name: pair(clean(c.User), clean(c.Operation)), Count: c.Count, Error: c.Error})
	}
	if l.Suppressed != nil {
		f.total = *l.Suppressed
	}
	// Older logs have pairs only.
	f.users, f.operations = cleaned(l.RestUsers), cleaned(l.RestOperations)
	if l.RestUsers == nil {
		f.users = f.each(userOf)
	}
	if l.RestOperations == nil {
		f.operations = f.each(operationOf)
	}
	if user != "" {
		return f.of(user, l.RestUsers != nil)
	}
	return f
}

// of returns what is certain of one user. If all are listed, one that is there has no
// more than it says there.
func (f flood) of(user string, all bool) flood {
	mine := flood{
		users: slices.DeleteFunc(slices.Clone(f.users), func(t named) bool { return t.Name != user }),
		pairs: slices.DeleteFunc(slices.Clone(f.pairs), func(t named) bool { return userOf(t.Name) != user }),
	}
	if len(mine.users) == 0 {
		mine.users = mine.each(userOf)
	}
	mine.operations = mine.each(operationOf)
	mine.total = max(sum(mine.users), sum(mine.pairs))
	if !all || len(mine.users) == 0 {
		mine.unsure.Total = max(0, f.total-sum(f.users))
	}
	if mine.total+mine.unsure.Total > 0 {
		mine.unsure.GivenUp = f.givenUp
	}
	return mine
}

// each returns the counts of the users, or the operations, of the pairs.
func (f flood) each(of func(pair string) string) (all []named) {
	for _, t := range f.pairs {
		all = append(all, named{Name: of(t.Name), Count: t.Count, Error: t.Error})
	}
	return all
}

func cleaned(list []named) []named {
	for i := range list {
		list[i].Name = clean(list[i].Name)
	}
	return list
}

func sum(list []named) (n int) {
	for _, t := range list {
		n += t.Count
	}
	return n
}
