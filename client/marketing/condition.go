package marketing

// A Condition is a search condition. Build it with Where, And, Or and Not, or write another form
// from Aprimo's guide as the map that it is.
type Condition map[string]any

// Where matches objects by a member. Operators are equals, contains, greaterThan, lessThan,
// greaterThanOrEqualTo, lessThanOrEqualTo, and isNull and isNotNull, which need the value nil.
// A member of a related object has the name of its kind in front, such as "Group.Name".
func Where(member, operator string, value any) Condition {
	test := map[string]any{"fieldName": member}
	if value != nil {
		test["fieldValue"] = value
	}
	return Condition{operator: test}
}

// WhereAny matches objects by a member of any element of a list, such as "rights".
func WhereAny(list, member, operator string, value any) Condition {
	c := Where(member, operator, value)
	c[operator].(map[string]any)["collectionName"] = list
	return c
}

// And matches objects that match all conditions.
func And(conditions ...Condition) Condition { return Condition{"and": conditions} }

// Or matches objects that match at least one condition.
func Or(conditions ...Condition) Condition { return Condition{"or": conditions} }

// Not matches objects that do not match the condition.
func Not(condition Condition) Condition { return Condition{"not": condition} }
